#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <variant>

#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "dispatcher/worker_connections.hpp"

namespace samoyed::dispatcher {

/// Where the ends of a request's tries arrive. Outlives the request while a try is under way, which
/// then puts its end where nobody looks.
///
/// Thread rule: the dispatcher's thread; one waits.
class Mailbox {
 public:
  /// What became of the try or probe of that number.
  struct Letter {
    std::size_t number = 0;
    std::variant<WorkerConnections::Sent, bool> end;
  };

  explicit Mailbox(const asio::any_io_executor& executor) : changed_(executor) {}

  void put(Letter letter) {
    letters_.push_back(std::move(letter));
    changed_.cancel();
  }
  void cancel() {
    cancelled_ = true;
    changed_.cancel();
  }

  bool cancelled() const { return cancelled_; }

  std::optional<Letter> take() {
    if (letters_.empty()) return std::nullopt;
    Letter letter = std::move(letters_.front());
    letters_.pop_front();
    return letter;
  }

  /// Until something arrives, or that time.
  asio::awaitable<void> wait_until(Clock::time_point time) {
    changed_.expires_at(time);
    std::error_code ignored;  // Both the time and an arrival end the wait.
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

 private:
  std::deque<Letter> letters_;
  bool cancelled_ = false;
  asio::steady_timer changed_;
};

}  // namespace samoyed::dispatcher
