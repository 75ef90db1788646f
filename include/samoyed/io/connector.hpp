#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

namespace samoyed::io {

/// The longest time that an attempt runs alone before the next one begins: the Connection Attempt
/// Delay of RFC 8305, section 8.
inline constexpr std::chrono::milliseconds head_start_max{250};

/// The number of endpoints that are tried. A name rarely has more than four addresses.
inline constexpr std::size_t connect_attempts_max = 16;

/// Returns the head start of each of several attempts if they must all begin within `time_left`.
std::chrono::steady_clock::duration head_start(std::chrono::steady_clock::duration time_left,
                                               std::size_t attempts);

/// Returns the endpoints with their address families in turn, beginning with the first one's, and
/// otherwise in their order (RFC 8305, section 4).
std::vector<asio::ip::tcp::endpoint> interleaved(
    const std::vector<asio::ip::tcp::endpoint>& endpoints);

/// Connects to the first of several endpoints that accepts the connection ("Happy Eyeballs", RFC
/// 8305). Attempts begin in the order of `interleaved`. Each has a head start, which ends early if
/// it fails, and goes on beside later ones. So an address that swallows packets delays the others,
/// but hides none of them.
///
/// Only one connection may be made at a time. Thread rule: the thread of the executor.
class Connector {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Connector(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// Returns the connected socket, or a closed one with `error` set: `Errc::timed_out` at the
  /// deadline, `asio::error::operation_aborted` after `cancel`, `asio::error::not_found` without
  /// endpoints, otherwise the error of the attempt that failed last. Every endpoint is tried before
  /// the deadline: the head starts are shorter if there is little time.
  asio::awaitable<asio::ip::tcp::socket> connect(std::vector<asio::ip::tcp::endpoint> endpoints,
                                                 Clock::time_point deadline,
                                                 std::error_code& error);

  /// Ends the connection attempts in progress, if there are any.
  void cancel();

 private:
  struct Race;

  asio::any_io_executor executor_;
  std::weak_ptr<Race> race_;
};

}  // namespace samoyed::io
