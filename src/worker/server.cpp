#include "worker/server.hpp"

#include <utility>

#include <asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

namespace samoyed::worker {
namespace {

using std::chrono::milliseconds;

/// After an accept that failed, for want of file descriptors mostly: accepting again at once would
/// spin.
constexpr milliseconds accept_retry_pause{100};
constexpr milliseconds long_wait{3600000};

}  // namespace

Server::Server(asio::ip::tcp::acceptor acceptor, RecognitionQueue& queue,
               const ModelDescription& description, Limits limits)
    : acceptor_(std::move(acceptor)),
      queue_(queue),
      description_(description),
      limits_(limits),
      changed_(acceptor_.get_executor()) {}

asio::awaitable<void> Server::run() {
  while (!stopping_) {
    if (sessions_.size() < limits_.connections_max) {
      co_await accept_one();
    } else {
      co_await wait_for_change(long_wait);
    }
  }
  while (!sessions_.empty()) co_await wait_for_change(long_wait);
}

void Server::stop() {
  stopping_ = true;
  std::error_code ignored;  // It is closed either way.
  acceptor_.close(ignored);
  for (const auto& session : sessions_) session->stop();
  changed_.cancel();
}

asio::awaitable<void> Server::accept_one() {
  std::error_code error;
  asio::ip::tcp::socket socket =
      co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
  if (stopping_) co_return;
  if (error) {
    spdlog::warn("accept failed: {}", error.message());
    co_await wait_for_change(accept_retry_pause);
    co_return;
  }
  start_session(std::move(socket));
}

asio::awaitable<void> Server::wait_for_change(milliseconds at_most) {
  changed_.expires_after(at_most);
  std::error_code ignored;  // Both the time and the change end the wait.
  co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Server::start_session(asio::ip::tcp::socket socket) {
  const auto entry = sessions_.insert(
      sessions_.end(), std::make_shared<Session>(std::move(socket), queue_, description_,
                                                 limits_.exchange, limits_.timeouts));
  auto ended = [this, entry](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("{}: session failed: {}", (*entry)->peer(), error.what());
    }
    sessions_.erase(entry);
    changed_.cancel();
  };
  asio::co_spawn(acceptor_.get_executor(), (*entry)->run(), std::move(ended));
}

}  // namespace samoyed::worker
