#pragma once

#include <functional>
#include <string_view>
#include <thread>

#include "dispatcher/libpq/reconnecting.hpp"

namespace samoyed::dispatcher::postgres {

/// The channel on which dispatchers notify each other of jobs.
inline constexpr std::string_view job_channel = "samoyed_job";

/// Hears of jobs that other dispatchers have accepted (LISTEN), on a thread and a connection of its
/// own. Missing a notification only delays a job until the next poll.
///
/// Thread rule: every member may be called from any thread.
class Listener {
 public:
  /// `on_jobs` is called on the listener's thread after a notification, and after a new connection
  /// began to listen, because notifications may have been missed.
  Listener(const Reconnecting::Open& open, std::function<void()> on_jobs);
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

  const std::function<void()> on_jobs_;
  Reconnecting connection_;  ///< The thread's.
  int stopped_;              ///< Can be read after `stop`.
  std::thread thread_;
};

}  // namespace samoyed::dispatcher::postgres
