#include "samoyed/dispatcher/dispatcher.hpp"

#include <utility>

#include "dispatcher/dispatch_plan.hpp"
#include "dispatcher/worker_connections.hpp"

namespace samoyed::dispatcher {
namespace {

double milliseconds_since(io::Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(io::Clock::now() - start).count();
}

}  // namespace

Dispatcher::Dispatcher(asio::any_io_executor executor, WorkerList& workers,
                       DispatchObserver& observer, StepTimeouts timeouts)
    : workers_(workers),
      observer_(observer),
      connections_(std::make_unique<WorkerConnections>(std::move(executor), workers, timeouts)) {}

Dispatcher::~Dispatcher() = default;

asio::awaitable<Outcome> Dispatcher::classify(ClassifyRequest request) {
  const auto start = io::Clock::now();
  DispatchPlan plan(workers_);
  DispatchPlan::Action action = plan.start();
  WorkerConnections::Sent sent;
  Worker worker;
  while (true) {
    std::string why;
    if (const auto* attempt = std::get_if<DispatchPlan::Try>(&action)) {
      worker = attempt->worker;
      if (!attempt->fresh) observer_.on_try(worker);
      sent = co_await connections_->send(worker, *request.image, request.top, attempt->fresh);
      if (const auto* failure = std::get_if<TryFailure>(&sent.end)) {
        why = failure->why.message();
        action = plan.on_failure(*failure);
      } else {
        action = plan.on_result(std::get<protocol::Result>(std::move(sent.end)));
      }
    } else if (const auto* probe = std::get_if<DispatchPlan::Probe>(&action)) {
      why = "closed the connection and accepts no other";
      action = plan.on_probe(co_await connections_->probe(probe->worker));
    } else {
      break;
    }
    if (const auto removed = plan.removed()) observer_.on_removed(*removed, why);
  }
  auto& end = std::get<DispatchPlan::Finished>(action).end;
  if (auto* failure = std::get_if<Failure>(&end)) co_return std::move(*failure);
  co_return Answer{std::get<protocol::Recognition>(std::move(end)), worker.address, sent.model,
                   milliseconds_since(start)};
}

asio::awaitable<void> Dispatcher::introduce(Worker worker) {
  return connections_->introduce(std::move(worker));
}

void Dispatcher::close_unlisted() { connections_->close_unlisted(); }

}  // namespace samoyed::dispatcher
