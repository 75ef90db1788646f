#pragma once

#include <chrono>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "dispatcher/load/tally.hpp"

namespace samoyed::load {

/// How often requests' deadlines are looked at.
inline constexpr std::chrono::milliseconds watch_interval{50};

/// A TCP socket that one request at a time uses, whose owner ends it when the request takes too long.
///
/// Unlike io::TimedSocket it has no timer: a generator of thousands of requests a second shares the
/// cores with what it measures, so all requests' deadlines are watched by one coroutine (`Load`).
///
/// Thread rule: the thread of the executor.
class Socket {
 public:
  explicit Socket(const asio::any_io_executor& executor) : socket_(executor) {}

  /// Closes it first where it is open. Tries one after the other; who takes the connection is the first next time.
  asio::awaitable<std::error_code> connect(std::vector<asio::ip::tcp::endpoint>& endpoints);
  /// Both, one after the other.
  asio::awaitable<std::error_code> write(std::string_view bytes, std::string_view more = {});
  /// What is there, at least one byte; 0 with `error` set.
  asio::awaitable<std::size_t> read(std::span<char> buffer, std::error_code& error);

  bool is_open() const { return socket_.is_open(); }
  void close();

  /// From now on a request is under way.
  void begin(Clock::time_point deadline) {
    deadline_ = deadline;
    timed_out_ = false;
  }
  /// Ends what is under way with io::Errc::timed_out where its time is over.
  void watch(Clock::time_point now);
  /// No request is under way any more.
  void end() { deadline_ = Clock::time_point::max(); }

 private:
  std::error_code told(std::error_code error) const;

  asio::ip::tcp::socket socket_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool timed_out_ = false;
};

}  // namespace samoyed::load
