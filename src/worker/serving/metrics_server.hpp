#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/io/accept_loop.hpp"
#include "samoyed/io/listener.hpp"
#include "samoyed/io/timed_socket.hpp"

namespace samoyed::worker {

/// Answers Prometheus on a port of its own, one request a connection.
///
/// Not by prometheus-cpp's Exposer, which can't run in this process: its web server, civetweb,
/// gives its threads stacks of 102400 bytes, from which glibc takes the thread-local variables of
/// all libraries first. Those of LibTorch and what it links have 108266, so that every
/// pthread_create fails (EINVAL).
///
/// Thread rule: the network thread.
class MetricsServer {
 public:
  struct Limits {
    /// Further peers wait in the kernel's queue.
    std::size_t connections_max = 16;
    /// From one address; further ones are closed at once. A scraper needs one.
    std::size_t connections_per_peer_max = 8;
    /// For a whole request and its answer, however slowly their bytes drip.
    std::chrono::milliseconds request_timeout{5000};
  };

  /// `metrics` makes the answer to each request.
  MetricsServer(asio::ip::tcp::acceptor acceptor, std::function<std::string()> metrics,
                Limits limits);

  /// Accepts until `stop`.
  asio::awaitable<void> run();

  /// Stops accepting; what is under way has its time still.
  void stop() { accept_loop_.stop(); }

  /// `HOST:PORT` that Prometheus connects to.
  std::string listening_address() const { return io::listening_address(accept_loop_.acceptor()); }

 private:
  asio::awaitable<void> serve(std::shared_ptr<io::TimedSocket> socket);

  asio::any_io_executor executor_;
  io::AcceptLoop accept_loop_;
  const std::function<std::string()> metrics_;
  const Limits limits_;
  std::list<io::AcceptLoop::Slot> slots_;  ///< Of the open connections.
};

}  // namespace samoyed::worker
