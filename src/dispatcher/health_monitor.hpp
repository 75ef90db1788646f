#pragma once

#include <cstddef>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::dispatcher {

/// Probes the workers that the list says are due: removed ones, until they answer again or are
/// forgotten, and idle ones in rotation, so that a death is noticed before a request meets it.
///
/// Thread rule: the dispatcher's thread.
class HealthMonitor {
 public:
  /// All must outlive the monitor, and the monitor every coroutine it started, unless the io_context
  /// runs no more.
  HealthMonitor(asio::any_io_executor executor, Dispatcher& dispatcher, WorkerList& workers,
                DispatchObserver& observer);

  /// Returns after `stop`; probes under way are then left to end. Call once.
  asio::awaitable<void> run();

  /// Looks at the list again now: it has changed.
  void wake();

  /// Ends `run`. Further calls do nothing.
  void stop();

 private:
  void start_probe(const Worker& worker);
  void end_probe(const Worker& worker, ProbeEnd end);

  asio::any_io_executor executor_;
  Dispatcher& dispatcher_;
  WorkerList& workers_;
  DispatchObserver& observer_;
  asio::steady_timer changed_;  ///< Cancelled to wake `run`.
  std::size_t probes_ = 0;      ///< Under way.
  bool woken_ = false;
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
