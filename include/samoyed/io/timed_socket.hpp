#pragma once

#include <algorithm>
#include <array>
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
///
/// Nearly all operations end long before their deadline, so the timer isn't set for each: it runs on from
/// one to the next, and is set anew only for an earlier deadline, or when it fires too early.
class TimedSocket {
 public:
  explicit TimedSocket(asio::ip::tcp::socket socket)
      : state_(std::make_shared<State>(std::move(socket))) {
    set_up();
  }
  explicit TimedSocket(const asio::any_io_executor& executor)
      : TimedSocket(asio::ip::tcp::socket(executor)) {}

  /// Connects to the first of the endpoints that accepts; the error is that of the last. Closed
  /// after a time-out.
  asio::awaitable<void> connect(std::vector<asio::ip::tcp::endpoint> endpoints,
                                Clock::time_point deadline, std::error_code& error) {
    begin(deadline, AtDeadline::close);
    error = asio::error::not_found;
    // Not the free async_connect, which would hide that no socket could be opened.
    for (const asio::ip::tcp::endpoint& endpoint : endpoints) {
      close();
      socket().open(endpoint.protocol(), error);
      if (error) continue;
      co_await socket().async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
      if (!error || !socket().is_open()) break;
    }
    end(error);
    set_up();
  }

  /// Reads what is there, at least one byte; 0 with `error` set. The peer's end is
  /// `asio::error::eof`.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer, Clock::time_point deadline,
                                         std::error_code& error) {
    begin(deadline, AtDeadline::cancel);
    const std::size_t size =
        co_await socket().async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
    end(error);
    co_return size;
  }

  /// Writes all of `head` and then `body`. Closed after a time-out.
  asio::awaitable<void> write(asio::const_buffer head, asio::const_buffer body,
                              Clock::time_point deadline, std::error_code& error) {
    std::array<asio::const_buffer, 2> rest{head, body};
    // Nearly always the kernel's buffer takes all of it: that needs no waiting, hence no deadline.
    const std::size_t written = socket().write_some(rest, error);
    const bool all = written == head.size() + body.size();
    if (all || (error && error != asio::error::would_block)) co_return;
    rest[0] += written;
    rest[1] += written - std::min(written, head.size());
    begin(deadline, AtDeadline::close);
    co_await asio::async_write(socket(), rest, asio::redirect_error(asio::use_awaitable, error));
    end(error);
  }
  asio::awaitable<void> write(asio::const_buffer bytes, Clock::time_point deadline,
                              std::error_code& error) {
    return write(bytes, {}, deadline, error);
  }

  /// No operation will follow soon: lets go of the timer, so that an io_context that has nothing else to do
  /// may end.
  void rest() {
    state_->wakes_at = Clock::time_point::max();
    state_->timer.cancel();
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
  /// What ends an operation. A connect or a write is a series of operations, of which a cancel would end
  /// the present one only; after a read that took too long there may still be something to write.
  enum class AtDeadline { cancel, close };

  /// Held by the TimedSocket alone; the timer's handler looks whether it is still there.
  struct State : std::enable_shared_from_this<State> {
    explicit State(asio::ip::tcp::socket connected)
        : socket(std::move(connected)), timer(socket.get_executor()) {}

    void wake_at(Clock::time_point time) {
      wakes_at = time;
      timer.expires_at(time);
      timer.async_wait([weak = weak_from_this()](std::error_code error) {
        if (error) return;
        if (const auto state = weak.lock()) state->wake();
      });
    }

    void wake() {
      wakes_at = Clock::time_point::max();
      if (deadline == Clock::time_point::max()) return;
      if (Clock::now() < deadline) {
        wake_at(deadline);
        return;
      }
      timed_out = true;
      std::error_code ignored;  // Nothing is under way then.
      if (at_deadline == AtDeadline::close) {
        socket.close(ignored);
      } else {
        socket.cancel(ignored);
      }
    }

    asio::ip::tcp::socket socket;
    asio::steady_timer timer;
    Clock::time_point wakes_at = Clock::time_point::max();  ///< Far future: the timer isn't set.
    // Of the operation under way:
    Clock::time_point deadline = Clock::time_point::max();  ///< Far future: there is none.
    AtDeadline at_deadline = AtDeadline::cancel;
    bool timed_out = false;
  };

  void begin(Clock::time_point deadline, AtDeadline at_deadline) {
    state_->timed_out = false;
    state_->deadline = deadline;
    state_->at_deadline = at_deadline;
    if (deadline < state_->wakes_at) state_->wake_at(deadline);
  }

  void end(std::error_code& error) {
    state_->deadline = Clock::time_point::max();
    if (state_->timed_out && error) error = protocol::Errc::timed_out;
  }

  void set_up() {
    std::error_code
        ignored;  // An unconnected socket has no such options yet; connect sets them again.
    socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    socket().non_blocking(true, ignored);
  }

  std::shared_ptr<State> state_;
};

}  // namespace samoyed::io
