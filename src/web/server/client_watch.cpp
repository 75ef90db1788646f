#include "web/server/client_watch.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <poll.h>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace samoyed::web {
namespace {

using Clock = HttpSession::Clock;

/// Answers within this time are not watched, which saves a coroutine and a system call for each.
constexpr std::chrono::milliseconds unwatched_time_max{100};

/// How often a watch that may not read looks for the end of the stream.
constexpr std::chrono::milliseconds look_interval{1000};

/// The first byte of every response.
constexpr std::string_view response_start = "H";

/// Returns true if the peer has ended its stream or reset the connection, even if bytes that came
/// before that are still to be read.
bool stream_ended(asio::ip::tcp::socket& socket) {
  pollfd look{socket.native_handle(), POLLRDHUP, 0};
  return poll(&look, 1, 0) > 0;
}

}  // namespace

ClientWatch::ClientWatch(io::TimedSocket& socket, HttpSession& session, std::span<char> room,
                         std::size_t held_bytes_max)
    : socket_(socket),
      session_(session),
      room_(room),
      held_bytes_max_(held_bytes_max),
      reading_begins_(socket.socket().get_executor()),
      look_(socket.socket().get_executor()),
      reading_ended_(socket.socket().get_executor()) {}

/// If an answer comes before the timer expires, the timer keeps running for the next images.
void ClientWatch::begin() {
  active_ = true;
  if (std::exchange(due_, true)) return;
  reading_begins_.expires_after(unwatched_time_max);
  reading_begins_.async_wait([weak = weak_from_this()](std::error_code) {
    if (const auto watch = weak.lock()) watch->begin_reading();
  });
}

void ClientWatch::begin_reading() {
  due_ = false;
  if (!active_) return;
  reading_ = true;
  asio::co_spawn(socket_.socket().get_executor(), read_on(), [this](std::exception_ptr) {
    reading_ = false;
    reading_ended_.notify();
  });
}

asio::awaitable<void> ClientWatch::read_on() {
  std::error_code error;
  while (!error && active_) {
    const std::uint64_t held_bytes = session_.held_bytes();
    if (held_bytes < held_bytes_max_) {
      const asio::mutable_buffer free =
          asio::buffer(room_.data(), std::min(room_.size(), held_bytes_max_ - held_bytes));
      const std::size_t size = co_await socket_.read_some(free, Clock::time_point::max(), error);
      session_.received({room_.data(), size});
    } else if (stream_ended(socket_.socket())) {
      error = asio::error::eof;
    } else {
      co_await look_.wait_until(Clock::now() + look_interval);
    }
  }
  if (!active_) co_return;
  if (error == asio::error::eof) {
    co_await wait_for_reset();
  } else {
    leave();
  }
}

/// The client sends nothing more. Waits until it turns out to have closed the connection, or until
/// the watch ends.
asio::awaitable<void> ClientWatch::wait_for_reset() {
  std::error_code error;
  if (sent_early_ == 0) {
    // If there is no room for the byte, earlier responses are still on their way, which will lead
    // to a reset as well.
    sent_early_ = socket_.socket().write_some(asio::buffer(response_start), error);
  }
  co_await socket_.socket().async_wait(asio::ip::tcp::socket::wait_error,
                                       asio::redirect_error(asio::use_awaitable, error));
  if (active_) leave();
}

void ClientWatch::leave() {
  client_left_ = true;
  left_.emit(asio::cancellation_type::all);
}

asio::awaitable<void> ClientWatch::end() {
  active_ = false;
  if (reading_) socket_.cancel();
  look_.notify();
  while (reading_) co_await reading_ended_.wait();
}

}  // namespace samoyed::web
