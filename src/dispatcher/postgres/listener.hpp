#pragma once

#include <functional>
#include <string_view>
#include <thread>

#include "dispatcher/libpq/reconnecting.hpp"

namespace samoyed::dispatcher::postgres {

/// The channel on which dispatchers notify each other of new jobs and of changes of the list of
/// workers.
inline constexpr std::string_view change_channel = "samoyed_change";

/// Hears of what other dispatchers have changed (LISTEN), on a thread and a connection of its own.
/// Missing a notification only delays a job until the next poll.
///
/// Thread rule: every member may be called from any thread.
class Listener {
 public:
  /// `on_change` is called on the listener's thread after a notification, and after a new
  /// connection began to listen, because notifications may have been missed.
  Listener(const Reconnecting::Open& open, std::function<void()> on_change);
  /// Calls `stop`.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Ends the thread.
  void stop();

  ConnectionUse use() const { return connection_.use(); }

 private:
  void loop();
  void listen();
  bool is_stopped() const;

  const std::function<void()> on_change_;
  Reconnecting connection_;  ///< The thread's.
  int stopped_;              ///< Can be read after `stop`.
  std::thread thread_;
};

}  // namespace samoyed::dispatcher::postgres
