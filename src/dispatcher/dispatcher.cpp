#include "samoyed/dispatcher/dispatcher.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>

#include "dispatcher/dispatcher_request.hpp"
#include "dispatcher/worker_connection_pool.hpp"

namespace samoyed::dispatcher {
namespace {

using SendResult = WorkerConnectionPool::SendResult;

/// The rest of a request's time with which its image is still sent to a worker. With less, an
/// overloaded service would only send images that end at their deadlines, and recognize none.
Clock::duration least_rest(Clock::duration time) {
  constexpr Clock::duration rest_max = std::chrono::seconds(2);
  return std::min(time / 4, rest_max);
}

/// A coroutine ends with an exception only when memory runs out.
SendResult out_of_memory() {
  return {AttemptFailure{.kind = AttemptFailure::Kind::no_resources,
                         .why = make_error_code(std::errc::not_enough_memory)},
          {}};
}

}  // namespace

void report_change(DispatchObserver& observer, const Worker& worker, WorkerHealth::Change change) {
  switch (change) {
    case WorkerHealth::Change::none:
    case WorkerHealth::Change::ejected:
      break;
    case WorkerHealth::Change::readmitted:
      observer.on_readmitted(worker);
      break;
    case WorkerHealth::Change::draining:
      observer.on_draining(worker);
      break;
    case WorkerHealth::Change::left:
      observer.on_left(worker);
      break;
  }
}

Dispatcher::Dispatcher(asio::any_io_executor executor, WorkerList& workers,
                       DispatchObserver& observer, DispatchOptions options)
    : executor_(executor),
      workers_(workers),
      observer_(observer),
      hedge_after_(options.hedge_after),
      queues_(options.queue),
      pool_(std::make_unique<WorkerConnectionPool>(executor, workers, std::move(options))),
      queue_(std::make_unique<FairQueue>()),
      look_timer_(executor),
      all_ended_(executor) {
  pool_->on_greeted([this] { send_waiting(); });
  pool_->on_model_changed(
      [this](const Worker& worker, const WorkerModel& before, const WorkerModel& now) {
        observer_.on_model_changed(worker, before, now);
      });
  pool_->on_state_changed([this](const Worker& worker, WorkerHealth::Change change) {
    report_change(observer_, worker, change);
    send_waiting();
  });
}

Dispatcher::~Dispatcher() = default;

asio::awaitable<Outcome> Dispatcher::classify(ClassifyRequest wanted) {
  const auto start = Clock::now();
  Request request(executor_, workers_, std::move(wanted), queues_);
  try {
    enqueue(request);
    co_await carry_out(request);
  } catch (...) {
    withdraw(request);
    queue_->finish(request.ticket, 0);
    throw;
  }
  abandon(request);
  withdraw(request);
  charge(request);
  auto& end = std::get<DispatchPlan::Finished>(request.action).end;
  if (auto* failure = std::get_if<Failure>(&end)) co_return std::move(*failure);
  const auto& sent = std::get<SendResult>(request.result->end);
  co_return Answer{.recognition = std::get<protocol::Recognition>(std::move(end)),
                   .worker = request.attempts.at(request.result->number).worker.address,
                   .model = sent.model,
                   .elapsed_ms = milliseconds_since(start),
                   .transfer_ms = sent.transfer_ms};
}

/// Carries out the plan's action, which is Wait then. Returns true, and leaves the action, if the
/// plan has finished.
bool Dispatcher::perform(Request& request) {
  if (std::holds_alternative<DispatchPlan::Finished>(request.action)) return true;
  const auto action = std::exchange(request.action, DispatchPlan::Wait{});
  if (const auto* start = std::get_if<DispatchPlan::StartAttempt>(&action)) {
    start_attempt(request, start->number, start->worker, start->fresh);
  } else if (const auto* probe = std::get_if<DispatchPlan::Probe>(&action)) {
    start_probe(request, probe->number, probe->worker);
  } else if (std::holds_alternative<DispatchPlan::PutBack>(action)) {
    put_back(request);
  }
  return false;
}

/// Carries out the plan's actions until the plan has finished.
asio::awaitable<void> Dispatcher::carry_out(Request& request) {
  const auto deadline = request.wanted.deadline;
  const auto last_start = deadline - least_rest(deadline - Clock::now());
  bool hedged = !hedge_after_;
  while (!perform(request)) {
    const auto slow_at =
        hedged || !request.sent_at ? Clock::time_point::max() : *request.sent_at + *hedge_after_;
    const auto now = Clock::now();
    if (request.results->cancelled()) {
      request.action = DispatchPlan::on_cancelled();
    } else if ((request.result = request.results->pop())) {
      handle_result(request, now);
    } else if (now >= deadline) {
      request.action = DispatchPlan::on_deadline();
    } else if (!request.sent_at && now >= last_start) {
      request.action = DispatchPlan::on_no_turn();
    } else if (now >= slow_at) {
      hedged = true;
      request.action = request.plan.on_slow(now);
    } else if (now >= request.plan.overdue_at()) {
      request.action = request.plan.on_overdue(now);
    } else {
      auto until = std::min(std::min(deadline, slow_at), request.plan.overdue_at());
      if (!request.sent_at) until = std::min(until, last_start);
      co_await request.results->wait_until(until);
    }
  }
}

void Dispatcher::handle_result(Request& request, Clock::time_point now) {
  const std::size_t number = request.result->number;
  request.attempts.at(number).attempt.reset();
  std::string why = "it closed the connection and doesn't accept another";
  if (const bool* accepts = std::get_if<bool>(&request.result->end)) {
    request.action = request.plan.on_probe(number, *accepts, now);
  } else if (auto& end = std::get<SendResult>(request.result->end).end;
             const auto* failure = std::get_if<AttemptFailure>(&end)) {
    why = pool_->explain(failure->why);
    request.action = request.plan.on_failure(number, *failure, now);
  } else {
    auto& result = std::get<protocol::Result>(end);
    why = "it reported internal errors on images that other workers recognized";
    request.action = request.plan.on_result(number, std::move(result), now);
  }
  if (const auto ejected = request.plan.ejected()) {
    workers_.record_why(ejected->id, why);
    observer_.on_ejected(*ejected, why, request.wanted.request_id);
    send_waiting();
  }
}

void Dispatcher::start_attempt(Request& request, std::size_t number, const Worker& worker,
                               bool fresh) {
  if (!fresh) observer_.on_attempt(worker, request.wanted.request_id);
  if (number == request.attempts.size()) {
    request.attempts.push_back({.worker = worker, .attempt = {}});
  }
  const auto attempt = std::make_shared<Attempt>();
  request.attempts.at(number).attempt = attempt;
  ++attempts_in_flight_;
  const ImageRequest image_request{.image = request.wanted.image,
                                   .top = request.wanted.top,
                                   .thumbnail_side = request.wanted.thumbnail_side,
                                   .model = request.wanted.model,
                                   .deadline = request.wanted.deadline};
  workers_.begin_attempt(worker.id, Clock::now());
  asio::co_spawn(
      executor_, pool_->send(worker, image_request, fresh, attempt),
      [this, number, worker, attempt, results = request.results, id = request.wanted.request_id,
       begun = Clock::now()](std::exception_ptr thrown, SendResult result) {
        if (--attempts_in_flight_ == 0) all_ended_.notify();
        if (thrown) result = out_of_memory();
        const bool cut_short = attempt->abandoned() && !attempt->runs_on();
        const auto now = Clock::now();
        workers_.end_attempt(worker.id, count_as(result.end, cut_short), now - begun, now);
        const auto* failure = std::get_if<AttemptFailure>(&result.end);
        if (failure && attempt->runs_on()) end_abandoned(worker, *failure, id);
        results->push({number, std::move(result)});
        send_waiting();
      });
}

void Dispatcher::start_probe(Request& request, std::size_t number, const Worker& worker) {
  const auto attempt = std::make_shared<Attempt>();
  request.attempts.at(number).attempt = attempt;
  asio::co_spawn(executor_, pool_->accepts(worker, attempt),
                 [number, results = request.results](std::exception_ptr thrown, bool accepts) {
                   // An exception says nothing about the worker.
                   results->push({number, thrown || accepts});
                 });
}

/// A failure means the same for the worker even if no request waits for the attempt anymore.
void Dispatcher::end_abandoned(const Worker& worker, const AttemptFailure& failure,
                               const std::string& request_id) {
  const auto now = Clock::now();
  if (blame(failure) == Blame::worker) {
    if (workers_.eject(worker.id, now)) {
      const std::string why = pool_->explain(failure.why);
      workers_.record_why(worker.id, why);
      observer_.on_ejected(worker, why, request_id);
    }
  } else {
    workers_.suspect(worker.id, now);
    on_suspicion_();
  }
}

/// Abandons the attempts in flight and makes their workers suspect: a worker that was too slow for
/// a request may hang, and no step timeout will detect that now.
void Dispatcher::abandon(Request& request) {
  if (request.wanted.cancelled.is_connected()) request.wanted.cancelled.clear();
  for (Request::StartedAttempt& started : request.attempts) {
    if (!started.attempt) continue;
    std::exchange(started.attempt, nullptr)->abandon();
    workers_.suspect(started.worker.id, Clock::now());
    on_suspicion_();
  }
}

asio::awaitable<ProbeEnd> Dispatcher::probe(Worker worker) {
  return pool_->probe(std::move(worker));
}

void Dispatcher::watch(std::function<void()> on_suspicion) {
  on_suspicion_ = std::move(on_suspicion);
  pool_->watch_idle([this](WorkerId id) {
    workers_.suspect(id, Clock::now());
    on_suspicion_();
  });
}

void Dispatcher::close_unused() { pool_->close_unused(); }

asio::awaitable<void> Dispatcher::finish(Clock::time_point deadline) {
  while (attempts_in_flight_ > 0 && Clock::now() < deadline) {
    co_await all_ended_.wait_until(deadline);
  }
}

}  // namespace samoyed::dispatcher
