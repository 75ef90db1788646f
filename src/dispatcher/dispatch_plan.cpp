#include "dispatcher/dispatch_plan.hpp"

#include <utility>

namespace samoyed::dispatcher {

using protocol::Progress;

DispatchPlan::Action DispatchPlan::start() {
  const auto worker = workers_.pick();
  if (!worker) return Finished{Failure{FailureReason::no_active_worker, {}}};
  current_ = *worker;
  tried_.push_back(current_.id);
  return Try{current_};
}

DispatchPlan::Action DispatchPlan::on_result(protocol::Result result) {
  removed_.reset();
  if (auto* recognition = std::get_if<protocol::Recognition>(&result)) {
    return Finished{std::move(*recognition)};
  }
  auto& refusal = std::get<protocol::Refusal>(result);
  if (refusal.reason == protocol::RefusalReason::busy) {
    any_busy_ = true;
    return try_next();
  }
  return Finished{Failure{FailureReason::refused, std::move(refusal)}};
}

DispatchPlan::Action DispatchPlan::on_failure(const TryFailure& failure) {
  removed_.reset();
  if (failure.kind == TryFailure::Kind::no_resources) {
    return Finished{Failure{FailureReason::no_resources, {}}};
  }
  const bool cut =
      failure.kind == TryFailure::Kind::closed || failure.kind == TryFailure::Kind::connection_lost;
  // Reference servers close after each image, and any server may close an idle connection.
  const bool stale = cut && failure.reused && failure.progress == Progress::nothing_answered;
  if (stale && !retried_fresh_) {
    retried_fresh_ = true;
    return Try{current_, true};
  }
  // Reference servers close on a picture that they can't decode.
  if (failure.kind == TryFailure::Kind::closed && failure.progress == Progress::image_sent) {
    return Probe{current_};
  }
  remove_current();
  return try_next();
}

DispatchPlan::Action DispatchPlan::on_probe(bool accepts) {
  removed_.reset();
  if (!accepts) {
    remove_current();
  } else if (++closes_ == closes_max) {
    return Finished{Failure{FailureReason::workers_closed, {}}};
  }
  return try_next();
}

DispatchPlan::Action DispatchPlan::try_next() {
  const auto worker = workers_.pick_other(current_.id, tried_);
  if (worker) {
    current_ = *worker;
    tried_.push_back(current_.id);
    retried_fresh_ = false;
    return Try{current_};
  }
  if (closes_ > 0) return Finished{Failure{FailureReason::workers_closed, {}}};
  if (any_busy_) return Finished{Failure{FailureReason::all_busy, {}}};
  return Finished{Failure{FailureReason::no_active_worker, {}}};
}

void DispatchPlan::remove_current() {
  if (workers_.remove(current_.id)) removed_ = current_;
}

}  // namespace samoyed::dispatcher
