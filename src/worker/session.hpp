#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/io/timed_socket.hpp"
#include "samoyed/protocol/worker_exchange.hpp"
#include "worker/recognition_queue.hpp"

namespace samoyed::worker {

/// How long a peer may take for each thing that it has to send.
struct SessionTimeouts {
  /// For the first message of a connection, and for the next one on a kept connection.
  std::chrono::milliseconds request{120000};
  /// From the size's A to the image's end.
  std::chrono::milliseconds image{60000};
  /// From the result to its A, and for any write.
  std::chrono::milliseconds ack{10000};
};

/// One connection: does what a WorkerExchange says.
///
/// Thread rule: the network thread. Owned by its own coroutine through a shared_ptr.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// The queue and the description must outlive the session.
  Session(asio::ip::tcp::socket socket, RecognitionQueue& queue,
          const ModelDescription& description, protocol::WorkerExchange::Limits limits,
          SessionTimeouts timeouts);

  /// Serves the peer until either side ends. Logs how it ended.
  asio::awaitable<void> run();

  /// Ends the connection as soon as no exchange is under way.
  void stop();

  const std::string& peer() const { return peer_; }

 private:
  using Exchange = protocol::WorkerExchange;

  asio::awaitable<void> perform(Exchange::Read read);
  asio::awaitable<void> perform(const Exchange::Write& write);
  asio::awaitable<void> perform(Exchange::Recognize image);
  std::chrono::milliseconds timeout(Exchange::Step step) const;
  protocol::WorkerHello hello() const;
  void log_image(std::size_t image_bytes, const protocol::Result& result, double elapsed_ms) const;

  io::TimedSocket socket_;
  RecognitionQueue& queue_;
  const ModelDescription& description_;
  const Exchange::Limits limits_;
  const SessionTimeouts timeouts_;
  Exchange exchange_;
  std::string peer_;
  /// Enough for an image of some hundred kB in a few reads.
  std::array<char, 64 * 1024> read_buffer_;
  /// When the last read or write ended: the gap before a result counts from it.
  io::Clock::time_point last_io_;
  /// The step being waited for, and since when; a write begins a new step.
  std::optional<Exchange::Step> step_;
  io::Clock::time_point step_deadline_;
  bool stopping_ = false;
  bool idle_ = false;  ///< Waiting between two exchanges.
};

}  // namespace samoyed::worker
