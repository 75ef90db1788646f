#include "samoyed/io/timed_socket.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "io/tls_stream.hpp"
#include "samoyed/io/connector.hpp"
#include "samoyed/io/errc.hpp"

namespace samoyed::io {
namespace {

/// What to do when an operation exceeds its deadline. A write consists of several operations, and a
/// cancel would end only the current one, so the socket is closed. A read is only
/// canceled, because there may still be something to write.
enum class AtDeadline { cancel, close };

/// The alert `protocol_version` (RFC 8446, section 6). OpenSSL sends none to a peer without TLS,
/// but with it our dispatcher can say what is wrong.
constexpr std::array<char, 7> not_tls_alert{21, 3, 3, 0, 2, 2, 70};

}  // namespace

/// Only the TimedSocket owns it. The timer's handler checks whether it still exists.
struct TimedSocket::State : std::enable_shared_from_this<State> {
  explicit State(asio::ip::tcp::socket connected)
      : socket(std::move(connected)),
        connector(socket.get_executor()),
        timer(socket.get_executor()) {}

  void set_options() {
    // An unconnected socket has no options yet; `connect` sets them again.
    std::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
  }

  void close() {
    std::error_code ignored;  // Fails only if it is already closed.
    socket.close(ignored);
    connector.cancel();
  }

  void cancel() {
    std::error_code ignored;  // Fails only if the socket is closed.
    socket.cancel(ignored);
    connector.cancel();
    if (tls && in_progress) cancel_again();
  }

  /// An operation of TLS consists of several of the socket, of which a cancel ends only the current
  /// one. If that had already succeeded, another one follows.
  void cancel_again() {
    asio::post(socket.get_executor(), [weak = weak_from_this(), canceled = operation] {
      const auto state = weak.lock();
      if (state && state->in_progress && state->operation == canceled) state->cancel();
    });
  }

  void begin(Clock::time_point until, AtDeadline action) {
    ++operation;
    in_progress = true;
    timed_out = false;
    deadline = until;
    at_deadline = action;
    if (deadline < wakes_at) wake_at(deadline);
  }

  void end(std::error_code& error) {
    in_progress = false;
    deadline = Clock::time_point::max();
    if (timed_out && error) error = Errc::timed_out;
  }

  /// Reads until the peer has closed, so that it gets the alert that says what is wrong: a socket
  /// that is closed with unread bytes resets the connection.
  asio::awaitable<void> linger(Clock::time_point until, bool without_tls) {
    std::error_code error;
    if (without_tls) socket.write_some(asio::buffer(not_tls_alert), error);
    socket.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    std::array<char, 512> unwanted;
    while (!error) {
      begin(until, AtDeadline::close);
      co_await socket.async_read_some(asio::buffer(unwanted),
                                      asio::redirect_error(asio::use_awaitable, error));
      end(error);
    }
  }

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
    if (at_deadline == AtDeadline::close) {
      close();
    } else {
      cancel();
    }
  }

  asio::ip::tcp::socket socket;
  std::unique_ptr<TlsStream> tls;  ///< Null for plain text.
  Connector connector;
  asio::steady_timer timer;
  Clock::time_point wakes_at = Clock::time_point::max();  ///< `max()` if the timer isn't set.
  // The operation in progress:
  Clock::time_point deadline = Clock::time_point::max();  ///< `max()` if there is none.
  AtDeadline at_deadline = AtDeadline::cancel;
  bool timed_out = false;
  bool in_progress = false;
  unsigned operation = 0;  ///< Incremented whenever an operation begins.
};

TimedSocket::TimedSocket(asio::ip::tcp::socket socket)
    : state_(std::make_shared<State>(std::move(socket))) {
  state_->set_options();
}

TimedSocket::TimedSocket(const asio::any_io_executor& executor)
    : TimedSocket(asio::ip::tcp::socket(executor)) {}

asio::awaitable<void> TimedSocket::connect(std::vector<asio::ip::tcp::endpoint> endpoints,
                                           Clock::time_point deadline, std::error_code& error) {
  close();
  const auto state = state_;
  state->tls.reset();
  state->socket = co_await state->connector.connect(std::move(endpoints), deadline, error);
  state->set_options();
}

asio::awaitable<void> TimedSocket::handshake(std::shared_ptr<TlsContext> context,
                                             std::vector<std::string> names,
                                             Clock::time_point deadline, std::error_code& error) {
  const auto state = state_;
  state->tls = std::make_unique<TlsStream>(state->socket, std::move(context), std::move(names));
  state->begin(deadline, AtDeadline::close);
  co_await state->tls->handshake(error);
  state->end(error);
  state->tls->settle(error, true);
  const bool refused = error.category() == tls_category();
  if (refused && state->tls->is_server()) {
    co_await state->linger(deadline, error == TlsErrc::not_tls);
  }
}

asio::awaitable<std::size_t> TimedSocket::read_some(asio::mutable_buffer buffer,
                                                    Clock::time_point deadline,
                                                    std::error_code& error) {
  state_->begin(deadline, AtDeadline::cancel);
  if (state_->tls) {
    const std::size_t size = co_await state_->tls->read_some(buffer, error);
    state_->end(error);
    state_->tls->settle(error, false);
    co_return size;
  }
  const std::size_t size =
      co_await socket().async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  state_->end(error);
  co_return size;
}

asio::awaitable<void> TimedSocket::write(asio::const_buffer head, asio::const_buffer body,
                                         Clock::time_point deadline, std::error_code& error) {
  std::array<asio::const_buffer, 2> rest{head, body};
  if (state_->tls) {
    state_->begin(deadline, AtDeadline::close);
    co_await state_->tls->write(rest, error);
    state_->end(error);
    co_return;
  }
  // The kernel's buffer nearly always takes all of it. Then there is nothing to wait for, and no
  // deadline is needed.
  const std::size_t written = socket().write_some(rest, error);
  const bool all = written == head.size() + body.size();
  if (all || (error && error != asio::error::would_block)) co_return;
  rest[0] += written;
  rest[1] += written - std::min(written, head.size());
  state_->begin(deadline, AtDeadline::close);
  co_await asio::async_write(socket(), rest, asio::redirect_error(asio::use_awaitable, error));
  state_->end(error);
}

asio::awaitable<void> TimedSocket::write(asio::const_buffer bytes, Clock::time_point deadline,
                                         std::error_code& error) {
  return write(bytes, {}, deadline, error);
}

void TimedSocket::rest() {
  state_->wakes_at = Clock::time_point::max();
  state_->timer.cancel();
}

void TimedSocket::cancel() { state_->cancel(); }

void TimedSocket::close() { state_->close(); }

asio::ip::tcp::socket& TimedSocket::socket() { return state_->socket; }

}  // namespace samoyed::io
