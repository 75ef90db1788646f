#include "worker/serving/metrics_server.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>

#include <asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include "worker/serving/scrape_answer.hpp"

namespace samoyed::worker {

MetricsServer::MetricsServer(asio::ip::tcp::acceptor acceptor, std::function<std::string()> metrics,
                             Limits limits)
    : executor_(acceptor.get_executor()),
      accept_loop_(std::move(acceptor),
                   {.connections_max = limits.connections_max,
                    .connections_per_peer_max = limits.connections_per_peer_max,
                    .refused_max = 0},
                   [this](std::string_view peer) { return cut_longest_waiting(peer); }),
      metrics_(std::move(metrics)),
      limits_(limits) {}

asio::awaitable<void> MetricsServer::run() {
  co_await accept_loop_.run([this](asio::ip::tcp::socket socket, io::AcceptLoop::Slot slot) {
    const auto timed = std::make_shared<io::TimedSocket>(std::move(socket));
    const auto place = connections_.insert(connections_.end(), Entry{timed, std::move(slot)});
    auto ended = [this, place](std::exception_ptr failure) {
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        spdlog::error("a request for metrics failed: {}", error.what());
      }
      connections_.erase(place);
    };
    asio::co_spawn(executor_, serve(timed), std::move(ended));
  });
}

/// Answering takes no time, so every connection waits for its peer, the oldest one longest.
bool MetricsServer::cut_longest_waiting(std::string_view peer) {
  const auto longest = std::ranges::find_if(connections_, [&](const Entry& entry) {
    return entry.slot && (peer.empty() || entry.slot->peer() == peer);
  });
  if (longest == connections_.end()) return false;
  longest->socket->close();
  longest->slot.reset();
  return true;
}

asio::awaitable<void> MetricsServer::serve(std::shared_ptr<io::TimedSocket> socket) {
  const auto deadline = io::Clock::now() + limits_.request_timeout;
  std::array<char, 2048> buffer;
  std::string received;
  std::optional<std::string> answer;
  std::error_code error;
  while (!answer) {
    const std::size_t size = co_await socket->read_some(asio::buffer(buffer), deadline, error);
    if (error) co_return;  // The peer is gone.
    received.append(buffer.data(), size);
    answer = answer_scrape(received, metrics_);
  }
  co_await socket->write(asio::buffer(*answer), deadline, error);
  // Read to the end first: closing the socket with unread bytes would reset the connection, and the
  // peer would lose the response.
  socket->socket().shutdown(asio::socket_base::shutdown_send, error);
  while (!error) co_await socket->read_some(asio::buffer(buffer), deadline, error);
}

}  // namespace samoyed::worker
