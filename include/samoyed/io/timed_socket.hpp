#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>

namespace samoyed::io {

using Clock = std::chrono::steady_clock;

/// A TCP socket whose every operation ends by a deadline, with Nagle's algorithm off.
///
/// One operation at a time; each returns its error in `error`, which is `Errc::timed_out` if the
/// deadline ended it. Thread rule: the thread of the socket's executor.
///
/// Nearly all operations end long before their deadline, so the timer isn't set for each: it runs
/// on from one to the next, and is set anew only for an earlier deadline, or when it fires too
/// early.
class TimedSocket {
 public:
  explicit TimedSocket(asio::ip::tcp::socket socket);
  explicit TimedSocket(const asio::any_io_executor& executor);

  /// Connects to the first of the endpoints that accepts; the error is that of the last. Closed
  /// after a timeout.
  asio::awaitable<void> connect(std::vector<asio::ip::tcp::endpoint> endpoints,
                                Clock::time_point deadline, std::error_code& error);

  /// Reads what is there, at least one byte; returns 0 with `error` set. The peer's end is
  /// `asio::error::eof`.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer, Clock::time_point deadline,
                                         std::error_code& error);

  /// Writes all of `head` and then `body`. Closed after a timeout.
  asio::awaitable<void> write(asio::const_buffer head, asio::const_buffer body,
                              Clock::time_point deadline, std::error_code& error);
  asio::awaitable<void> write(asio::const_buffer bytes, Clock::time_point deadline,
                              std::error_code& error);

  /// Stops the timer because no operation will follow soon, so that an io_context without other
  /// work may end.
  void rest();

  /// Ends the operation under way with `asio::error::operation_aborted`.
  void cancel();

  /// Ends the operation under way likewise, and every later one with an error.
  void close();

  asio::ip::tcp::socket& socket();

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace samoyed::io
