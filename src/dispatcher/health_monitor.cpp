#include "dispatcher/health_monitor.hpp"

#include <algorithm>
#include <utility>

#include <asio/co_spawn.hpp>

namespace samoyed::dispatcher {
namespace {

/// Maximum number of probes in flight. A worker that hangs takes one for 5 s, and should not keep
/// the others from being probed.
constexpr std::size_t probes_max = 64;

}  // namespace

HealthMonitor::HealthMonitor(asio::any_io_executor executor, Dispatcher& dispatcher,
                             WorkerList& workers, DispatchObserver& observer)
    : executor_(executor),
      dispatcher_(dispatcher),
      workers_(workers),
      observer_(observer),
      changed_(executor) {
  dispatcher_.watch([this] { wake(); });
}

asio::awaitable<void> HealthMonitor::run() {
  while (!stopping_) {
    woken_ = false;
    const auto now = Clock::now();
    dispatcher_.close_unused();
    dispatcher_.send_waiting();
    for (const Worker& worker : workers_.forget_expired(now)) observer_.on_forgotten(worker);
    for (const Worker& worker : workers_.begin_probes(now, probes_max - probes_)) {
      start_probe(worker);
    }
    // The end of a probe wakes the loop too. The interval bounds how long an expiry goes unnoticed.
    auto until = now + workers_.health_options().idle_probe_interval;
    if (probes_ < probes_max) until = std::min(until, workers_.next_probe_at());
    if (!woken_) co_await changed_.wait_until(until);
  }
}

void HealthMonitor::wake() {
  woken_ = true;
  changed_.notify();
}

void HealthMonitor::stop() {
  stopping_ = true;
  wake();
}

void HealthMonitor::start_probe(const Worker& worker) {
  ++probes_;
  asio::co_spawn(executor_, dispatcher_.probe(worker),
                 [this, worker](std::exception_ptr thrown, const ProbeEnd& end) {
                   // Only std::bad_alloc can arrive here, which says nothing about the worker.
                   end_probe(worker, thrown ? ProbeEnd{ProbeResult::inconclusive} : end);
                 });
}

void HealthMonitor::end_probe(const Worker& worker, const ProbeEnd& end) {
  --probes_;
  const auto change = workers_.end_probe(worker.id, end.result, Clock::now());
  if (change == WorkerHealth::Change::ejected) {
    std::string why = end.why;
    if (why.empty()) {
      why = end.result == ProbeResult::refused ? "it refused a probe's connection"
                                               : "it didn't answer two probes in a row";
    }
    workers_.record_why(worker.id, why);
    observer_.on_ejected(worker, why, {});
  } else {
    // What is wrong with an ejected worker may have changed.
    if (change == WorkerHealth::Change::none && !end.why.empty()) {
      workers_.record_why(worker.id, end.why);
    }
    report_change(observer_, worker, change);
  }
  wake();
}

}  // namespace samoyed::dispatcher
