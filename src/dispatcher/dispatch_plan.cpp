#include "dispatcher/dispatch_plan.hpp"

#include <algorithm>
#include <utility>

namespace samoyed::dispatcher {

using protocol::Progress;
using Kind = AttemptFailure::Kind;

Blame blame(const AttemptFailure& failure) {
  if (failure.kind == Kind::no_resources) return Blame::nobody;
  if (failure.kind == Kind::other_model || failure.kind == Kind::other_formats ||
      failure.kind == Kind::left) {
    return Blame::choice;
  }
  const bool cut = failure.kind == Kind::closed || failure.kind == Kind::connection_lost;
  // Reference servers close after each image, and any server may close an idle connection.
  if (cut && failure.reused && failure.progress == Progress::nothing_answered) return Blame::idling;
  // Reference servers close the connection on an image that they can't decode.
  if (failure.kind == Kind::closed && failure.progress == Progress::image_sent) return Blame::image;
  return Blame::worker;
}

AttemptEnd count_as(const std::variant<protocol::Result, AttemptFailure>& end, bool cut_short) {
  if (const auto* failure = std::get_if<AttemptFailure>(&end)) {
    if (cut_short) return AttemptEnd::uncounted;
    const Blame blamed = blame(*failure);
    const bool failed = blamed == Blame::worker || blamed == Blame::image;
    return failed ? AttemptEnd::failed : AttemptEnd::uncounted;
  }
  const auto* refusal = std::get_if<protocol::Refusal>(&std::get<protocol::Result>(end));
  if (!refusal) return AttemptEnd::done;
  switch (refusal->reason) {
    case protocol::RefusalReason::busy:
      return AttemptEnd::busy;
    case protocol::RefusalReason::internal:
      return AttemptEnd::failed;
    default:
      return AttemptEnd::done;
  }
}

DispatchPlan::Action DispatchPlan::start(Clock::time_point now) {
  if (now >= deadline_) return on_deadline();
  if (!tried_.empty()) return go_on(now);
  const auto worker = workers_.pick(model_, now);
  return worker ? begin(*worker, now) : give_up();
}

DispatchPlan::StartAttempt DispatchPlan::begin(const Worker& worker, Clock::time_point now) {
  Clock::duration share = share_min;
  if (workers_.has_answered(worker.id)) share = std::max(share, (deadline_ - now) / 2);
  attempts_.push_back({.worker = worker, .overdue_at = now + share});
  tried_.push_back(worker.id);
  return StartAttempt{attempts_.size() - 1, worker};
}

DispatchPlan::Action DispatchPlan::on_result(std::size_t number, protocol::Result result,
                                             Clock::time_point now) {
  ejected_.reset();
  if (auto* recognition = std::get_if<protocol::Recognition>(&result)) {
    record_fault(now);
    return Finished{std::move(*recognition)};
  }
  auto& refusal = std::get<protocol::Refusal>(result);
  if (refusal.reason == protocol::RefusalReason::busy) {
    busy_.push_back(attempts_.at(number).worker.id);
    attempts_.at(number).in_flight = false;
    return go_on(now);
  }
  if (refusal.reason == protocol::RefusalReason::internal && !internal_) {
    internal_ = std::move(refusal);
    faulty_ = attempts_.at(number).worker;
    attempts_.at(number).in_flight = false;
    return go_on(now);
  }
  return Finished{Failure{FailureReason::refused, std::move(refusal)}};
}

DispatchPlan::Action DispatchPlan::on_failure(std::size_t number, const AttemptFailure& failure,
                                              Clock::time_point now) {
  ejected_.reset();
  AttemptState& attempt = attempts_.at(number);
  switch (blame(failure)) {
    case Blame::nobody:
      no_resources_ = true;
      attempt.in_flight = false;
      // Another worker may not need the missing resource: an IP address needs no lookup, and an
      // idle connection already has its descriptor.
      return go_on(now);
    case Blame::choice:
      format_unread_ = format_unread_ || failure.kind == Kind::other_formats;
      attempt.in_flight = false;
      return go_on(now);
    case Blame::image:
      return Probe{number, attempt.worker};
    case Blame::idling:
      if (!std::exchange(attempt.retried_fresh, true)) {
        if (now >= deadline_) return on_deadline();
        return StartAttempt{number, attempt.worker, true};
      }
      break;
    case Blame::worker:
      break;
  }
  const bool dead_of_it =
      failure.kind == Kind::connection_lost && failure.progress == Progress::image_sent;
  if (dead_of_it) ++died_;
  attempt.in_flight = false;
  eject(attempt.worker, now);
  return go_on(now);
}

DispatchPlan::Action DispatchPlan::on_probe(std::size_t number, bool accepts,
                                            Clock::time_point now) {
  ejected_.reset();
  AttemptState& attempt = attempts_.at(number);
  attempt.in_flight = false;
  ++(accepts ? closed_ : died_);
  if (!accepts) eject(attempt.worker, now);
  return go_on(now);
}

DispatchPlan::Action DispatchPlan::on_slow(Clock::time_point now) {
  ejected_.reset();
  // An image that harmed a worker may be sent to one more worker, but not to two at once.
  if (std::exchange(hedged_, true) || closed_ + died_ > 0) return Wait{};
  return start_another(now).value_or(Wait{});
}

Clock::time_point DispatchPlan::overdue_at() const {
  auto next = Clock::time_point::max();
  for (const AttemptState& attempt : attempts_) {
    if (attempt.in_flight) next = std::min(next, attempt.overdue_at);
  }
  return next;
}

DispatchPlan::Action DispatchPlan::on_overdue(Clock::time_point now) {
  ejected_.reset();
  for (AttemptState& attempt : attempts_) {
    if (attempt.overdue_at <= now) attempt.overdue_at = Clock::time_point::max();
  }
  if (closed_ + died_ > 0) return Wait{};
  return start_another(now).value_or(Wait{});
}

std::optional<DispatchPlan::Action> DispatchPlan::start_another(Clock::time_point now) {
  if (now >= deadline_) return on_deadline();
  const WorkerId after = attempts_.back().worker.id;
  const auto worker = workers_.pick_other(after, tried_, model_, now);
  if (!worker) return std::nullopt;
  return begin(*worker, now);
}

DispatchPlan::Action DispatchPlan::go_on(Clock::time_point now) {
  if (closed_ + died_ >= harmed_max) return give_up();
  if (any_in_flight()) return Wait{};
  // To another busy worker, the image would be sent for nothing.
  if (queued_ && !busy_.empty() && workers_.must_wait(model_, now, tried_)) return put_back();
  if (auto next = start_another(now)) return std::move(*next);
  return give_up();
}

/// The busy workers may be tried again.
DispatchPlan::Action DispatchPlan::put_back() {
  std::erase_if(tried_, [this](WorkerId id) { return std::ranges::count(busy_, id) > 0; });
  busy_.clear();
  return PutBack{};
}

DispatchPlan::Action DispatchPlan::give_up() {
  const auto end = [](FailureReason reason) { return Finished{Failure{reason, {}}}; };
  if (closed_ + died_ >= harmed_max) return end(FailureReason::workers_closed);
  if (internal_) return Finished{Failure{FailureReason::refused, *internal_}};
  if (no_resources_) return end(FailureReason::no_resources);
  // A busy worker might have recognized the image.
  if (!busy_.empty()) return queued_ ? put_back() : end(FailureReason::all_busy);
  // One worker closed the connection on this image but is alive, and no other worker is left.
  if (closed_ > 0) return end(FailureReason::workers_closed);
  if (format_unread_) {
    return Finished{Failure{FailureReason::refused,
                            protocol::Refusal{protocol::RefusalReason::unreadable,
                                              "No worker reads images of this format."}}};
  }
  return end(workers_.lacks(model_) ? FailureReason::unknown_model
                                    : FailureReason::no_active_worker);
}

bool DispatchPlan::any_in_flight() const {
  return std::ranges::any_of(attempts_, &AttemptState::in_flight);
}

/// Another worker has recognized the image on which a worker reported an internal error.
void DispatchPlan::record_fault(Clock::time_point now) {
  if (faulty_ && workers_.record_fault(faulty_->id, now)) ejected_ = faulty_;
}

void DispatchPlan::eject(const Worker& worker, Clock::time_point now) {
  if (workers_.eject(worker.id, now)) ejected_ = worker;
}

}  // namespace samoyed::dispatcher
