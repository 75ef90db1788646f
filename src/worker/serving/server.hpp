#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/io/accept_loop.hpp"
#include "samoyed/io/event.hpp"
#include "samoyed/io/listener.hpp"
#include "worker/serving/serving_limits.hpp"
#include "worker/serving/session.hpp"

namespace samoyed::worker {

/// Accepts connections and runs a session for each.
///
/// Thread rule: the network thread.
class Server {
 public:
  using Limits = ServerLimits;

  /// The queue, the description and the metrics must outlive the server. `sandbox` is hello's word
  /// for the worker's confinement; if it is empty, hello doesn't mention it. `tls` encrypts the
  /// connections; null for plain text.
  Server(asio::ip::tcp::acceptor acceptor, RecognitionQueue& queue,
         const ModelDescription& description, Metrics& metrics, Limits limits,
         std::string sandbox = {}, std::shared_ptr<io::TlsContext> tls = nullptr);

  /// Accepts connections until `stop` is called, then returns when the last session has ended.
  asio::awaitable<void> run();

  /// From now on, hellos say that the worker is about to stop. Idle connections end, which makes
  /// dispatchers ask why, and the others end after their current exchange. New ones are served.
  void begin_drain();

  /// Returns when dispatchers had time to turn to other workers (`drain_end`). If nobody was
  /// connected when the drain began, it returns at once.
  asio::awaitable<void> wait_for_drain(std::chrono::milliseconds drain_time);

  /// Stops accepting. Idle connections end at once, the others after their current exchange.
  void stop();

  std::size_t connections() const { return sessions_.size(); }
  /// Bytes of image files that are being received.
  std::uint64_t receiving_bytes() const { return context_->receiving.used_bytes(); }

  /// `HOST:PORT` that peers connect to.
  std::string listening_address() const { return io::listening_address(accept_loop_.acceptor()); }

 private:
  /// A session and the connection slot that it occupies.
  struct Entry {
    std::shared_ptr<Session> session;
    io::AcceptLoop::Slot slot;
  };

  /// Closes the connection that has waited longest for its peer, of all or of one peer's. Returns
  /// false if there is none.
  bool cut_longest_waiting(std::string_view peer);
  void start_session(asio::ip::tcp::socket socket, io::AcceptLoop::Slot slot);

  asio::any_io_executor executor_;
  io::AcceptLoop accept_loop_;
  const std::shared_ptr<SessionContext> context_;
  std::list<Entry> sessions_;
  io::Event session_ended_;
  /// When the drain began; std::nullopt before that, and if nobody was connected then.
  std::optional<io::Clock::time_point> drain_begun_;
};

}  // namespace samoyed::worker
