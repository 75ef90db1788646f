#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <variant>

#include <asio/awaitable.hpp>

#include "dispatcher/worker_connection_pool.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// How the attempt with this number ended or, after a probe of its worker, whether the worker
/// accepts connections.
struct AttemptResult {
  std::size_t number = 0;
  std::variant<WorkerConnectionPool::SendResult, bool> end;
};

/// The queue of the results of a request's attempts. It may outlive its request, because an
/// abandoned attempt still pushes its result, which no one reads.
///
/// Thread rule: the dispatcher's thread. Only one coroutine may wait.
class AttemptResults {
 public:
  explicit AttemptResults(const asio::any_io_executor& executor) : changed_(executor) {}

  void push(AttemptResult result) {
    results_.push_back(std::move(result));
    changed_.notify();
  }
  void cancel() {
    cancelled_ = true;
    changed_.notify();
  }

  /// Ends a wait, because something else has changed.
  void wake() { changed_.notify(); }

  bool cancelled() const { return cancelled_; }

  /// Removes and returns the oldest result, or returns std::nullopt if there is none.
  std::optional<AttemptResult> pop() {
    if (results_.empty()) return std::nullopt;
    AttemptResult result = std::move(results_.front());
    results_.pop_front();
    return result;
  }

  /// Waits for a result or a cancellation, at most until `time`.
  asio::awaitable<void> wait_until(Clock::time_point time) { return changed_.wait_until(time); }

 private:
  std::deque<AttemptResult> results_;
  bool cancelled_ = false;
  io::Event changed_;
};

}  // namespace samoyed::dispatcher
