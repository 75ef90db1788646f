#include "worker/serving/server.hpp"

#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "worker/serving/drain.hpp"

namespace samoyed::worker {

Server::Server(asio::ip::tcp::acceptor acceptor, RecognitionQueue& queue,
               const ModelDescription& description, Metrics& metrics, Limits limits,
               std::string sandbox, std::shared_ptr<io::TlsContext> tls)
    : executor_(acceptor.get_executor()),
      accept_loop_(std::move(acceptor),
                   {.connections_max = limits.connections_max,
                    .connections_per_peer_max = limits.connections_per_peer_max,
                    .refused_max = 0},
                   [this](std::string_view peer) { return cut_longest_waiting(peer); }),
      context_(new SessionContext{.queue = queue,
                                  .metrics = metrics,
                                  .description = description,
                                  .image_bytes_max = limits.image_bytes_max,
                                  .formats = limits.formats,
                                  .timeouts = limits.timeouts,
                                  .sandbox = std::move(sandbox),
                                  .tls = std::move(tls),
                                  .receiving = protocol::ByteBudget(limits.receiving_bytes_max,
                                                                    protocol::receiving_grace)}),
      session_ended_(executor_) {}

asio::awaitable<void> Server::run() {
  co_await accept_loop_.run([this](asio::ip::tcp::socket socket, io::AcceptLoop::Slot slot) {
    start_session(std::move(socket), std::move(slot));
  });
  while (!sessions_.empty()) co_await session_ended_.wait();
}

void Server::begin_drain() {
  if (!sessions_.empty()) drain_begun_ = io::Clock::now();
  context_->draining = true;
  for (const Entry& entry : sessions_) entry.session->look_at_drain();
}

asio::awaitable<void> Server::wait_for_drain(std::chrono::milliseconds drain_time) {
  while (drain_begun_) {
    const auto end = drain_end(*drain_begun_, context_->last_image, drain_time);
    if (end <= io::Clock::now()) break;
    co_await io::sleep_until(end);
  }
}

void Server::stop() {
  accept_loop_.stop();
  context_->draining = true;
  for (const Entry& entry : sessions_) entry.session->look_at_drain();
}

bool Server::cut_longest_waiting(std::string_view peer) {
  const auto now = io::Clock::now();
  const Entry* longest = nullptr;
  io::Clock::time_point longest_since;
  for (const Entry& entry : sessions_) {
    const auto since = entry.session->waiting_since(now);
    if (!since || (!peer.empty() && entry.slot.peer() != peer)) continue;
    if (longest && *since >= longest_since) continue;
    longest = &entry;
    longest_since = *since;
  }
  if (longest) longest->session->cut();
  return longest != nullptr;
}

void Server::start_session(asio::ip::tcp::socket socket, io::AcceptLoop::Slot slot) {
  const auto session = std::make_shared<Session>(std::move(socket), context_);
  const auto entry = sessions_.insert(sessions_.end(), Entry{session, std::move(slot)});
  auto ended = [this, entry](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("{}: session failed: {}", entry->session->peer(), error.what());
    }
    sessions_.erase(entry);
    session_ended_.notify();
  };
  asio::co_spawn(executor_, session->run(), std::move(ended));
}

}  // namespace samoyed::worker
