#include "dispatcher/postgres/listener.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace samoyed::dispatcher::postgres {
namespace {

/// After this time without a notification, the connection is checked: a half-open one would stay
/// silent.
constexpr std::chrono::milliseconds check_interval{10000};
/// How long the server may take to answer that.
constexpr std::chrono::milliseconds check_timeout{5000};

}  // namespace

Listener::Listener(const Reconnecting::Open& open, std::function<void()> on_change)
    : on_change_(std::move(on_change)),
      connection_([open, this] {
        Connection connection = open();
        connection.execute("LISTEN " + std::string(change_channel));
        on_change_();
        return connection;
      }),
      stopped_(eventfd(0, EFD_CLOEXEC)) {
  if (stopped_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread([this] { loop(); });
}

Listener::~Listener() {
  stop();
  close(stopped_);
}

void Listener::stop() {
  eventfd_write(stopped_, 1);
  if (thread_.joinable()) thread_.join();
}

bool Listener::is_stopped() const {
  pollfd stopped{.fd = stopped_, .events = POLLIN, .revents = 0};
  return poll(&stopped, 1, 0) > 0;
}

void Listener::listen() {
  Connection& connection = connection_.get();
  if (connection.wait_for_notification(check_interval, stopped_)) {
    on_change_();
  } else if (!is_stopped()) {
    connection.check(check_timeout);
  }
}

void Listener::loop() {
  while (!is_stopped()) {
    try {
      listen();
    } catch (const StorageError&) {
      // The lease's keeper reports the same problem.
      const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(
          connection_.due() - Backoff::Clock::now());
      pollfd stopped{.fd = stopped_, .events = POLLIN, .revents = 0};
      poll(&stopped, 1, std::clamp(static_cast<int>(pause.count()), 0, 5000) + 1);
    }
  }
}

}  // namespace samoyed::dispatcher::postgres
