#pragma once

#include <cstddef>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// Probes the workers that are due: ejected ones, until they answer again or are forgotten, and
/// idle ones in rotation, so that a death is noticed before a request runs into it.
///
/// Thread rule: the dispatcher's thread.
class HealthMonitor {
 public:
  /// All references must outlive the monitor. The monitor must outlive every coroutine that it
  /// started, unless the io_context runs no more.
  HealthMonitor(asio::any_io_executor executor, Dispatcher& dispatcher, WorkerList& workers,
                DispatchObserver& observer);

  /// Returns after `stop`; probes in flight then end by themselves. Call once.
  asio::awaitable<void> run();

  /// Checks the list again now, because it has changed.
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
  io::Event changed_;       ///< Wakes `run`.
  std::size_t probes_ = 0;  ///< In flight.
  bool woken_ = false;
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
