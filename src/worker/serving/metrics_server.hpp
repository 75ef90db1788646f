#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/io/accept_loop.hpp"
#include "samoyed/io/listener.hpp"
#include "samoyed/io/timed_socket.hpp"

namespace samoyed::worker {

/// Serves the metrics to Prometheus on a separate port, one request per connection.
///
/// prometheus-cpp's Exposer can't run in this process. Its web server, civetweb, gives its threads
/// stacks of 102400 bytes, and glibc places the thread-local variables of all libraries on them
/// first. Those of LibTorch and the libraries it links take 108266 bytes, so every pthread_create
/// fails (EINVAL).
///
/// Thread rule: the network thread.
class MetricsServer {
 public:
  struct Limits {
    /// Open connections. A further one replaces the one that has waited longest for its peer.
    std::size_t connections_max = 16;
    /// Open connections from one address. A further one replaces the address's own longest-waiting
    /// one. A scraper needs one.
    std::size_t connections_per_peer_max = 8;
    /// Limit for a whole request and its response, however slowly the peer sends or reads.
    std::chrono::milliseconds request_timeout{5000};
  };

  /// `metrics` returns the body of each response.
  MetricsServer(asio::ip::tcp::acceptor acceptor, std::function<std::string()> metrics,
                Limits limits);

  /// Accepts connections until `stop` is called.
  asio::awaitable<void> run();

  /// Stops accepting. Requests in progress may still finish within their time limit.
  void stop() { accept_loop_.stop(); }

  /// `HOST:PORT` that Prometheus connects to.
  std::string listening_address() const { return io::listening_address(accept_loop_.acceptor()); }

 private:
  /// A connection, and its slot until it is closed to make room.
  struct Entry {
    std::shared_ptr<io::TimedSocket> socket;
    std::optional<io::AcceptLoop::Slot> slot;
  };

  /// Closes the connection that has waited longest for its peer, of all or of one peer's. Returns
  /// false if there is none.
  bool cut_longest_waiting(std::string_view peer);
  asio::awaitable<void> serve(std::shared_ptr<io::TimedSocket> socket);

  asio::any_io_executor executor_;
  io::AcceptLoop accept_loop_;
  const std::function<std::string()> metrics_;
  const Limits limits_;
  std::list<Entry> connections_;  ///< The oldest first.
};

}  // namespace samoyed::worker
