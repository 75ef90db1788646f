#pragma once

#include <chrono>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "dispatcher/load/tally.hpp"
#include "samoyed/io/connector.hpp"

namespace samoyed::load {

/// How often the deadlines of requests are checked.
inline constexpr std::chrono::milliseconds watch_interval{50};

/// A TCP socket for one request at a time. Its owner ends a request that takes too long.
///
/// Unlike io::TimedSocket, it has no timer. A generator of thousands of requests per second shares
/// the cores with the program that it measures, so a single coroutine of `Load` watches all
/// deadlines.
///
/// Thread rule: the thread of the executor.
class Socket {
 public:
  explicit Socket(const asio::any_io_executor& executor)
      : socket_(executor), connector_(executor) {}

  /// Closes the socket first if it is open. Tries the endpoints with a head start for each, and
  /// moves the one that accepts to the front.
  asio::awaitable<std::error_code> connect(std::vector<asio::ip::tcp::endpoint>& endpoints);
  /// Writes `bytes` and then `more`.
  asio::awaitable<std::error_code> write(std::string_view bytes, std::string_view more = {});
  /// Reads at least one byte and returns the number of bytes. Returns 0 if it sets `error`.
  asio::awaitable<std::size_t> read(std::span<char> buffer, std::error_code& error);

  bool is_open() const { return socket_.is_open(); }
  void close();

  /// Call this when a request begins.
  void begin(Clock::time_point deadline) {
    deadline_ = deadline;
    timed_out_ = false;
  }
  /// Ends the request with io::Errc::timed_out if its deadline has passed.
  void watch(Clock::time_point now);
  /// Call this when the request has ended.
  void end() { deadline_ = Clock::time_point::max(); }

 private:
  std::error_code reported(std::error_code error) const;

  asio::ip::tcp::socket socket_;
  io::Connector connector_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool timed_out_ = false;
};

}  // namespace samoyed::load
