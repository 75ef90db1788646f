#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "samoyed/io/listener.hpp"
#include "worker/session.hpp"

namespace samoyed::worker {

/// Accepts peers and runs a session for each.
///
/// Thread rule: the network thread.
class Server {
 public:
  struct Limits {
    protocol::WorkerExchange::Limits exchange;
    SessionTimeouts timeouts;
    /// Further peers wait in the kernel's queue until a connection ends.
    std::size_t connections_max = 1024;
  };

  /// The queue and the description must outlive the server.
  Server(asio::ip::tcp::acceptor acceptor, RecognitionQueue& queue,
         const ModelDescription& description, Limits limits);

  /// Accepts until `stop`, then returns when the last session has ended.
  asio::awaitable<void> run();

  /// Stops accepting; idle connections end at once, others after the exchange that is under way.
  void stop();

  /// `HOST:PORT` that peers connect to.
  std::string listening_address() const { return io::listening_address(acceptor_); }

 private:
  asio::awaitable<void> accept_one();
  asio::awaitable<void> wait_for_change(std::chrono::milliseconds at_most);
  void start_session(asio::ip::tcp::socket socket);

  asio::ip::tcp::acceptor acceptor_;
  RecognitionQueue& queue_;
  const ModelDescription& description_;
  const Limits limits_;
  std::list<std::shared_ptr<Session>> sessions_;
  asio::steady_timer changed_;  ///< Cancelled when a session ends or the server stops.
  bool stopping_ = false;
};

}  // namespace samoyed::worker
