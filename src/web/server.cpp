#include "samoyed/web/server.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "web/http_connection.hpp"

namespace samoyed::web {

/// Shared with the connections' ends, which may come after the server's.
class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::any_io_executor executor, asio::ip::tcp::acceptor acceptor,
       dispatcher::Classifier& classifier, dispatcher::WorkerList& workers, ServerOptions options)
      : executor_(std::move(executor)),
        acceptor_(std::move(acceptor)),
        wake_up_(executor_),
        site_{Routes(workers, options.limits.image_bytes_max), classifier, options} {}

  asio::awaitable<void> run() {
    co_await accept_connections();
    std::error_code ignored;  // What is closed needs no closing.
    acceptor_.close(ignored);
    co_await drain();
  }

  void stop() {
    stopping_ = true;
    std::error_code ignored;  // Nothing is accepted at this moment.
    acceptor_.cancel(ignored);
    wake_up_.cancel();
  }

  std::size_t connections() const { return connections_.size(); }
  const asio::any_io_executor& executor() const { return executor_; }

 private:
  using Clock = std::chrono::steady_clock;

  asio::awaitable<void> accept_connections() {
    bool failing = false;
    while (!stopping_) {
      if (connections_.size() >= site_.options.limits.connections_max) {
        co_await sleep_until(Clock::time_point::max());
        continue;
      }
      std::error_code error;
      asio::ip::tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (stopping_) co_return;
      if (!error) {
        open(std::move(socket));
      } else {
        if (!failing) spdlog::warn("can't accept connections for now: {}", error.message());
        co_await sleep_until(Clock::now() + site_.options.timeouts.accept_pause);
      }
      failing = static_cast<bool>(error);
    }
  }

  void open(asio::ip::tcp::socket socket) {
    const auto connection = std::make_shared<HttpConnection>(std::move(socket), site_);
    connections_.insert(connection);
    asio::co_spawn(executor_, connection->run(),
                   [self = shared_from_this(), connection](std::exception_ptr failure) {
                     self->close(connection, failure);
                   });
  }

  void close(const std::shared_ptr<HttpConnection>& connection, std::exception_ptr failure) {
    connections_.erase(connection);
    wake_up_.cancel();
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("a connection ended by an error of ours: {}", error.what());
    }
  }

  asio::awaitable<void> drain() {
    const auto until = Clock::now() + site_.options.timeouts.drain;
    for (const auto& connection : connections_) connection->stop();
    while (!connections_.empty() && Clock::now() < until) co_await sleep_until(until);
    for (const auto& connection : connections_) connection->cut();
    const auto hurried = [](const auto& connection) { return !connection->classifying(); };
    while (std::any_of(connections_.begin(), connections_.end(), hurried)) {
      co_await sleep_until(Clock::time_point::max());
    }
    if (!connections_.empty()) {
      spdlog::warn("{} pictures were still at a worker when the time to drain was over",
                   connections_.size());
    }
  }

  /// Until `time`, a connection's end, or `stop`.
  asio::awaitable<void> sleep_until(Clock::time_point time) {
    wake_up_.expires_at(time);
    std::error_code woken;
    co_await wake_up_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }

  asio::any_io_executor executor_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer wake_up_;
  Site site_;
  std::set<std::shared_ptr<HttpConnection>> connections_;
  bool stopping_ = false;
};

Server::Server(asio::any_io_executor executor, asio::ip::tcp::acceptor acceptor,
               dispatcher::Classifier& classifier, dispatcher::WorkerList& workers,
               ServerOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(acceptor), classifier, workers,
                                   options)) {}

Server::~Server() = default;

asio::awaitable<void> Server::run() { return impl_->run(); }

void Server::stop() {
  asio::post(impl_->executor(), [impl = impl_] { impl->stop(); });
}

std::size_t Server::connections() const { return impl_->connections(); }

}  // namespace samoyed::web
