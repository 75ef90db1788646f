#pragma once

#include <cstddef>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// Probes the workers that are due: ejected ones, until they answer again or are forgotten, and
/// idle ones in rotation, so that a dead worker is noticed before a request is sent to it.
///
/// Thread rule: the dispatcher's thread.
class HealthMonitor {
 public:
  /// All references must outlive the monitor. The monitor must outlive every coroutine that it
  /// started, unless the io_context no longer runs.
  HealthMonitor(asio::any_io_executor executor, Dispatcher& dispatcher, WorkerList& workers,
                DispatchObserver& observer);

  /// Probes workers until `stop` is called; probes in flight then end by themselves. Call once.
  asio::awaitable<void> run();

  /// Makes `run` check the list again now. Call this when the list has changed.
  void wake();

  /// Ends `run`. Further calls have no effect.
  void stop();

 private:
  void start_probe(const Worker& worker);
  void end_probe(const Worker& worker, const ProbeEnd& end);

  asio::any_io_executor executor_;
  Dispatcher& dispatcher_;
  WorkerList& workers_;
  DispatchObserver& observer_;
  io::Event changed_;       ///< Wakes `run`.
  std::size_t probes_ = 0;  ///< In flight.
  bool woken_ = false;
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
