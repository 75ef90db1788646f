#include "samoyed/dispatcher/dispatcher.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "dispatcher/mailbox.hpp"
#include "dispatcher/worker_connections.hpp"

namespace samoyed::dispatcher {
namespace {

using Sent = WorkerConnections::Sent;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// A coroutine ends by an exception only for want of memory.
Sent out_of_memory() {
  return {TryFailure{.kind = TryFailure::Kind::no_resources,
                     .why = make_error_code(std::errc::not_enough_memory)},
          {}};
}

}  // namespace

/// One image under way: what was decided, and what is waited for.
struct Dispatcher::Request {
  struct Run {
    Worker worker;
    std::shared_ptr<Attempt> attempt;  ///< Nothing once it has ended.
  };

  Request(const asio::any_io_executor& executor, WorkerList& workers, ClassifyRequest request)
      : wanted(std::move(request)),
        mailbox(std::make_shared<Mailbox>(executor)),
        plan(workers, wanted.deadline, wanted.model) {
    if (!wanted.cancelled.is_connected()) return;
    wanted.cancelled.assign([box = mailbox](asio::cancellation_type) { box->cancel(); });
  }
  ~Request() {
    for (const Run& run : runs) {
      if (run.attempt) run.attempt->abandon();
    }
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  ClassifyRequest wanted;
  std::shared_ptr<Mailbox> mailbox;
  DispatchPlan plan;
  DispatchPlan::Action action = DispatchPlan::Wait{};
  std::vector<Run> runs;                  ///< By the plan's numbers.
  std::optional<Mailbox::Letter> letter;  ///< The last one that was opened.
};

Dispatcher::Dispatcher(asio::any_io_executor executor, WorkerList& workers,
                       DispatchObserver& observer, DispatchOptions options)
    : executor_(executor),
      workers_(workers),
      observer_(observer),
      hedge_after_(options.hedge_after),
      connections_(std::make_unique<WorkerConnections>(executor, workers, std::move(options))),
      all_ended_(executor, Clock::time_point::max()) {}

Dispatcher::~Dispatcher() = default;

asio::awaitable<Outcome> Dispatcher::classify(ClassifyRequest wanted) {
  const auto start = Clock::now();
  Request request(executor_, workers_, std::move(wanted));
  request.action = request.plan.start(start);
  co_await carry_out(request);
  abandon(request);
  auto& end = std::get<DispatchPlan::Finished>(request.action).end;
  if (auto* failure = std::get_if<Failure>(&end)) co_return std::move(*failure);
  const auto& sent = std::get<Sent>(request.letter->end);
  co_return Answer{.recognition = std::get<protocol::Recognition>(std::move(end)),
                   .worker = request.runs.at(request.letter->number).worker.address,
                   .model = sent.model,
                   .elapsed_ms = milliseconds_since(start),
                   .transfer_ms = sent.transfer_ms};
}

/// Does what the plan says until it has finished.
asio::awaitable<void> Dispatcher::carry_out(Request& request) {
  const auto deadline = request.wanted.deadline;
  auto slow_at = hedge_after_ ? Clock::now() + *hedge_after_ : Clock::time_point::max();
  while (true) {
    if (const auto* attempt = std::get_if<DispatchPlan::Try>(&request.action)) {
      start_try(request, attempt->number, attempt->worker, attempt->fresh);
    } else if (const auto* probe = std::get_if<DispatchPlan::Probe>(&request.action)) {
      start_probe(request, probe->number, probe->worker);
    } else if (std::holds_alternative<DispatchPlan::Finished>(request.action)) {
      co_return;
    }
    request.action = DispatchPlan::Wait{};
    const auto now = Clock::now();
    if (request.mailbox->cancelled()) {
      request.action = DispatchPlan::on_cancelled();
    } else if ((request.letter = request.mailbox->take())) {
      open_letter(request, now);
    } else if (now >= deadline) {
      request.action = DispatchPlan::on_deadline();
    } else if (now >= slow_at) {
      slow_at = Clock::time_point::max();
      request.action = request.plan.on_slow(now);
    } else {
      co_await request.mailbox->wait_until(std::min(deadline, slow_at));
    }
  }
}

void Dispatcher::open_letter(Request& request, Clock::time_point now) {
  const std::size_t number = request.letter->number;
  request.runs.at(number).attempt.reset();
  std::string why = "closed the connection and accepts no other";
  if (const bool* accepts = std::get_if<bool>(&request.letter->end)) {
    request.action = request.plan.on_probe(number, *accepts, now);
  } else if (auto& end = std::get<Sent>(request.letter->end).end;
             const auto* failure = std::get_if<TryFailure>(&end)) {
    why = failure->why.message();
    request.action = request.plan.on_failure(number, *failure, now);
  } else {
    auto& result = std::get<protocol::Result>(end);
    request.action = request.plan.on_result(number, std::move(result), now);
  }
  if (const auto removed = request.plan.removed()) {
    observer_.on_removed(*removed, why, request.wanted.request_id);
  }
}

void Dispatcher::start_try(Request& request, std::size_t number, const Worker& worker, bool fresh) {
  if (!fresh) observer_.on_try(worker, request.wanted.request_id);
  if (number == request.runs.size()) request.runs.push_back({.worker = worker, .attempt = {}});
  const auto attempt = std::make_shared<Attempt>();
  request.runs.at(number).attempt = attempt;
  ++attempts_;
  const Cargo cargo{.image = request.wanted.image,
                    .top = request.wanted.top,
                    .thumbnail_side = request.wanted.thumbnail_side,
                    .model = request.wanted.model,
                    .deadline = request.wanted.deadline};
  workers_.begin_try(worker.id);
  asio::co_spawn(
      executor_, connections_->send(worker, cargo, fresh, attempt),
      [this, number, worker, attempt, mailbox = request.mailbox, id = request.wanted.request_id,
       begun = Clock::now()](std::exception_ptr thrown, Sent sent) {
        if (--attempts_ == 0) all_ended_.cancel();
        if (thrown) sent = out_of_memory();
        const bool cut_short = attempt->abandoned() && !attempt->runs_on();
        workers_.end_try(worker.id, count_as(sent.end, cut_short), Clock::now() - begun);
        const auto* failure = std::get_if<TryFailure>(&sent.end);
        if (failure && attempt->runs_on()) end_unwatched(worker, *failure, id);
        mailbox->put({number, std::move(sent)});
      });
}

void Dispatcher::start_probe(Request& request, std::size_t number, const Worker& worker) {
  const auto attempt = std::make_shared<Attempt>();
  request.runs.at(number).attempt = attempt;
  asio::co_spawn(executor_, connections_->accepts(worker, attempt),
                 [number, mailbox = request.mailbox](std::exception_ptr thrown, bool accepts) {
                   // An exception tells nothing about the worker.
                   mailbox->put({number, thrown || accepts});
                 });
}

/// The failure of a try that nobody waited for tells the same about the worker.
void Dispatcher::end_unwatched(const Worker& worker, const TryFailure& failure,
                               const std::string& request_id) {
  const auto now = Clock::now();
  if (blame(failure) == Blame::worker) {
    if (workers_.remove(worker.id, now)) {
      observer_.on_removed(worker, failure.why.message(), request_id);
    }
  } else {
    workers_.suspect(worker.id, now);
    on_suspicion_();
  }
}

/// A worker that was too slow for a request may be hung, which no step's time will tell now.
void Dispatcher::abandon(Request& request) {
  if (request.wanted.cancelled.is_connected()) request.wanted.cancelled.clear();
  for (Request::Run& run : request.runs) {
    if (!run.attempt) continue;
    std::exchange(run.attempt, nullptr)->abandon();
    workers_.suspect(run.worker.id, Clock::now());
    on_suspicion_();
  }
}

asio::awaitable<ProbeEnd> Dispatcher::probe(Worker worker) {
  return connections_->probe(std::move(worker));
}

void Dispatcher::watch(std::function<void()> on_suspicion) {
  on_suspicion_ = std::move(on_suspicion);
  connections_->watch_idle([this](WorkerId id) {
    workers_.suspect(id, Clock::now());
    on_suspicion_();
  });
}

void Dispatcher::close_unused() { connections_->close_unused(); }

asio::awaitable<void> Dispatcher::finish(Clock::time_point deadline) {
  while (attempts_ > 0 && Clock::now() < deadline) {
    all_ended_.expires_at(deadline);
    std::error_code ignored;  // Both the end and the deadline end the wait.
    co_await all_ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace samoyed::dispatcher
