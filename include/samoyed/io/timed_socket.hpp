#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "samoyed/protocol/errc.hpp"

namespace samoyed::io {

using Clock = std::chrono::steady_clock;

/// A TCP socket whose every operation ends by a deadline, with Nagle's algorithm off.
///
/// One operation at a time; each gives its error back by `error`, which is
/// `protocol::Errc::timed_out` where the deadline ended it. Thread rule: the thread of the socket's
/// executor.
class TimedSocket {
 public:
  explicit TimedSocket(asio::ip::tcp::socket socket)
      : state_(std::make_shared<State>(std::move(socket))) {
    set_no_delay();
  }
  explicit TimedSocket(const asio::any_io_executor& executor)
      : TimedSocket(asio::ip::tcp::socket(executor)) {}

  /// Connects to the first of the endpoints that accepts; the error is that of the last. Closed
  /// after a time-out.
  asio::awaitable<void> connect(std::vector<asio::ip::tcp::endpoint> endpoints,
                                Clock::time_point deadline, std::error_code& error) {
    const auto guard = arm(deadline, AtDeadline::close);
    error = asio::error::not_found;
    // Not the free async_connect, which would hide that no socket could be opened.
    for (const asio::ip::tcp::endpoint& endpoint : endpoints) {
      close();
      socket().open(endpoint.protocol(), error);
      if (error) continue;
      co_await socket().async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
      if (!error || !socket().is_open()) break;
    }
    disarm(error);
    set_no_delay();
  }

  /// Reads what is there, at least one byte; 0 with `error` set. The peer's end is
  /// `asio::error::eof`.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer, Clock::time_point deadline,
                                         std::error_code& error) {
    const auto guard = arm(deadline, AtDeadline::cancel);
    const std::size_t size =
        co_await socket().async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
    disarm(error);
    co_return size;
  }

  /// Writes all of it. Closed after a time-out.
  asio::awaitable<void> write(asio::const_buffer bytes, Clock::time_point deadline,
                              std::error_code& error) {
    const auto guard = arm(deadline, AtDeadline::close);
    co_await asio::async_write(socket(), bytes, asio::redirect_error(asio::use_awaitable, error));
    disarm(error);
  }

  /// Ends the operation under way with `asio::error::operation_aborted`.
  void cancel() {
    std::error_code ignored;  // Nothing is under way then.
    socket().cancel(ignored);
  }

  /// Ends the operation under way likewise, and every later one with an error.
  void close() {
    std::error_code ignored;  // What is closed needs no closing.
    socket().close(ignored);
  }

  asio::ip::tcp::socket& socket() { return state_->socket; }

 private:
  /// Outlives the TimedSocket while a timer's handler is on its way.
  struct State {
    explicit State(asio::ip::tcp::socket connected)
        : socket(std::move(connected)), timer(socket.get_executor()) {}
    asio::ip::tcp::socket socket;
    asio::steady_timer timer;
    unsigned operation = 0;
    bool timed_out = false;
  };

  /// What ends an operation. A connect or a write is a series of operations, of which a cancel would end
  /// the present one only; after a read that took too long there may still be something to write.
  enum class AtDeadline { cancel, close };

  std::shared_ptr<State> arm(Clock::time_point deadline, AtDeadline at_deadline) {
    State& state = *state_;
    state.timed_out = false;
    ++state.operation;
    state.timer.expires_at(deadline);
    state.timer.async_wait(
        [state = state_, operation = state.operation, at_deadline](std::error_code error) {
          // A handler that was already queued when its operation ended must not end the next one.
          if (error || state->operation != operation) return;
          state->timed_out = true;
          std::error_code ignored;  // Nothing is under way then.
          if (at_deadline == AtDeadline::close) {
            state->socket.close(ignored);
          } else {
            state->socket.cancel(ignored);
          }
        });
    return state_;
  }

  void disarm(std::error_code& error) {
    ++state_->operation;
    state_->timer.cancel();
    if (state_->timed_out && error) error = protocol::Errc::timed_out;
  }

  void set_no_delay() {
    std::error_code
        ignored;  // An unconnected socket has no such option yet; connect sets it again.
    socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  std::shared_ptr<State> state_;
};

}  // namespace samoyed::io
