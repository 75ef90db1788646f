#pragma once

#include <chrono>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

namespace samoyed::io {

/// Wakes a coroutine that waits for something to happen, at a given time at the latest. It is not
/// latched: a `notify` before the wait doesn't end the wait. So check the condition, then wait, in
/// a loop.
///
/// Only one coroutine may wait at a time; a second wait ends the first. Thread rule: the thread of
/// the executor.
class Event {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Event(const asio::any_io_executor& executor) : timer_(executor) {}

  /// Returns after `notify`.
  asio::awaitable<void> wait() { return wait_until(Clock::time_point::max()); }

  /// Returns at `time`, or earlier after `notify`.
  asio::awaitable<void> wait_until(Clock::time_point time);

  /// Ends the wait, if there is one.
  void notify() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

/// Returns at `time`.
asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point time);

/// Returns after `duration`.
asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration duration);

}  // namespace samoyed::io
