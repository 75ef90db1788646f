#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/io/event.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "samoyed/io/tls_context.hpp"
#include "samoyed/protocol/byte_budget.hpp"
#include "samoyed/protocol/worker_exchange.hpp"
#include "worker/serving/log_throttle.hpp"
#include "worker/serving/metrics.hpp"
#include "worker/serving/recognition_queue.hpp"
#include "worker/serving/serving_limits.hpp"

namespace samoyed::worker {

/// State that the sessions of one server share. The queue, the metrics and the description must
/// outlive it.
struct SessionContext {
  RecognitionQueue& queue;
  Metrics& metrics;
  const ModelDescription& description;
  const std::uint64_t image_bytes_max;
  const protocol::ImageFormatSet formats;
  const SessionTimeouts timeouts;
  /// What hello says about the worker's confinement; empty to say nothing.
  const std::string sandbox;
  /// Encrypts the connections; null for plain text.
  const std::shared_ptr<io::TlsContext> tls;
  /// Budget for the bytes of image files that are being received.
  protocol::ByteBudget receiving;
  /// Limits all log lines that a peer can cause without a recognition: 2 per second on average.
  LogThrottle complaints{20, std::chrono::seconds(10)};
  /// True once the worker is about to stop. Hellos then say so, and connections end when no
  /// exchange is in progress.
  bool draining = false;
  /// When the last image arrived; the epoch if none has.
  io::Clock::time_point last_image = {};
};

/// One connection: performs the actions of a WorkerExchange. It keeps reading while its image waits
/// or is being recognized, so that it notices when the peer leaves and removes the image from the
/// queue.
///
/// Thread rule: the network thread. Its own coroutine owns it through a shared_ptr.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, std::shared_ptr<SessionContext> context);

  /// Serves the peer until either side ends the connection. Logs an error that ended it.
  asio::awaitable<void> run();

  /// Call this when the context's `draining` was set. The connection ends as soon as no exchange is
  /// in progress. If it has carried none yet, its peer may be about to send its first message, so
  /// it ends only after `greeting_grace`.
  void look_at_drain();

  /// Since when the session waits for the peer, if it may be cut now. In the middle of an exchange
  /// it may be cut only after a stall. std::nullopt while the session works.
  std::optional<io::Clock::time_point> waiting_since(io::Clock::time_point now) const;

  /// Ends the connection at once. Call this only while the session waits for the peer.
  void cut();

  const std::string& peer() const { return peer_; }

 private:
  struct RecognizedImage {
    std::size_t bytes;
    std::chrono::duration<double, std::milli> took;  ///< From the image's last byte to its result.
  };

  using Exchange = protocol::WorkerExchange;

  /// How long the peer may take for the next message of its first exchange while the worker drains.
  static constexpr std::chrono::milliseconds greeting_grace{1000};

  asio::awaitable<bool> secure();
  asio::awaitable<void> perform(Exchange::Read read);
  asio::awaitable<void> perform(const Exchange::Write& write);
  asio::awaitable<void> perform(Exchange::Recognize image);
  asio::awaitable<void> await_result(RecognitionQueue::Ticket ticket,
                                     io::Clock::time_point deadline);
  void deliver(protocol::Result result);
  void peer_left(std::error_code error);
  std::chrono::milliseconds timeout(Exchange::Step step) const;
  std::optional<io::Clock::time_point> drained_at() const;
  protocol::WorkerHello hello() const;
  void log(const RecognizedImage& image);
  void complain(const std::string& what);

  io::TimedSocket socket_;
  const std::shared_ptr<SessionContext>
      context_;  ///< Declared before the exchange, which holds a share of its byte budget.
  Exchange exchange_;
  std::string peer_;
  /// Large enough to read an image of a few hundred kB in a few reads.
  std::array<char, 64 * 1024> read_buffer_;
  /// When the last read or write ended. The pause before a result starts here.
  io::Clock::time_point last_io_;
  /// The step that the session waits for, and its deadline. A write begins a new step.
  std::optional<Exchange::Step> step_;
  io::Clock::time_point step_deadline_;
  std::optional<protocol::Result> result_;  ///< The last image's result.
  io::Event result_arrived_;
  std::optional<RecognizedImage> unlogged_;
  bool any_image_ = false;  ///< True once an exchange has brought an image.
  bool idle_ = false;       ///< Waiting between two exchanges.
  bool waiting_ = false;    ///< Reading or writing, between or within exchanges.
  bool cut_ = false;
  bool any_received_ = false;
};

}  // namespace samoyed::worker
