#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>

namespace samoyed::io {

using Clock = std::chrono::steady_clock;

class TlsContext;

/// A TCP socket with a deadline for every operation. Nagle's algorithm is off.
///
/// Only one operation may run at a time. Each one stores its error in `error`, which is
/// `Errc::timed_out` if the deadline ended the operation. Thread rule: the thread of the socket's
/// executor.
///
/// Nearly all operations end long before their deadline, so the timer isn't set for each of them.
/// It keeps running from one operation to the next, and is set again only for an earlier deadline
/// or when it fires too early.
class TimedSocket {
 public:
  explicit TimedSocket(asio::ip::tcp::socket socket);
  explicit TimedSocket(const asio::any_io_executor& executor);

  /// Connects to the first endpoint that accepts the connection, with a head start for each (see
  /// connector.hpp). If none does, `error` is that of the attempt that failed last, and the socket
  /// is closed.
  asio::awaitable<void> connect(std::vector<asio::ip::tcp::endpoint> endpoints,
                                Clock::time_point deadline, std::error_code& error);

  /// From now on, everything is encrypted. Whether this is the client or the server depends on the
  /// context. A client accepts a server whose certificate is for any of the names and IP addresses
  /// in `names`. Errors are those of TlsErrc, `Errc::timed_out` and
  /// `asio::error::operation_aborted`; the connection can't be used then. A client whose own
  /// certificate isn't accepted gets that error from its first read.
  asio::awaitable<void> handshake(std::shared_ptr<TlsContext> context,
                                  std::vector<std::string> names, Clock::time_point deadline,
                                  std::error_code& error);

  /// Reads what is available, at least one byte, and returns its length. Returns 0 with `error` set
  /// on failure; `asio::error::eof` means that the peer has closed.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer, Clock::time_point deadline,
                                         std::error_code& error);

  /// Writes all of `head` and then all of `body`. The socket is closed after a timeout.
  asio::awaitable<void> write(asio::const_buffer head, asio::const_buffer body,
                              Clock::time_point deadline, std::error_code& error);
  asio::awaitable<void> write(asio::const_buffer bytes, Clock::time_point deadline,
                              std::error_code& error);

  /// Stops the timer. Call this if no operation will follow soon, so that an io_context without
  /// other work can end.
  void rest();

  /// Ends the operation in progress with `asio::error::operation_aborted`.
  void cancel();

  /// Ends the operation in progress in the same way. Every later operation fails.
  void close();

  asio::ip::tcp::socket& socket();

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace samoyed::io
