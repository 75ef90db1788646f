#include "worker/serving/metrics_server.hpp"

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
                    .refused_max = 0}),
      metrics_(std::move(metrics)),
      limits_(limits) {}

asio::awaitable<void> MetricsServer::run() {
  co_await accept_loop_.run([this](asio::ip::tcp::socket socket, io::AcceptLoop::Slot slot) {
    const auto place = slots_.insert(slots_.end(), std::move(slot));
    auto ended = [this, place](std::exception_ptr failure) {
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        spdlog::error("a request for metrics failed: {}", error.what());
      }
      slots_.erase(place);
    };
    auto timed = std::make_shared<io::TimedSocket>(std::move(socket));
    asio::co_spawn(executor_, serve(std::move(timed)), std::move(ended));
  });
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
