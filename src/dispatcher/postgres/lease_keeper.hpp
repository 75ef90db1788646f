#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "dispatcher/libpq/reconnecting.hpp"
#include "dispatcher/postgres/lease.hpp"

namespace samoyed::dispatcher::postgres {

/// Renews a dispatcher's lease, on a thread and a connection that nothing else keeps busy.
///
/// Thread rule: every member may be called from any thread.
class LeaseKeeper {
 public:
  /// `on_begun` is called on the keeper's thread after the lease was begun. If it throws
  /// StorageError, the lease is begun again later.
  LeaseKeeper(Reconnecting::Open open, std::string id, std::string name,
              std::function<void(Connection&)> on_begun);
  /// Calls `stop`.
  ~LeaseKeeper();

  const std::string& id() const { return id_; }

  /// The lease as it is now.
  Lease lease() const;

  /// Why the lease can't be renewed, in one sentence; empty if it can.
  std::string problem() const;

  /// The time since the lease was renewed, or since the keeper was created if it never was.
  Lease::Clock::duration lease_age(Lease::Clock::time_point now) const;

  ConnectionUse use() const { return connection_.use(); }

  /// Ends the lease, if the database can be reached, and the thread.
  void stop();

 private:
  void loop();
  void renew();

  const std::string id_;
  const std::string name_;
  const std::function<void(Connection&)> on_begun_;
  const Lease::Clock::time_point created_ = Lease::Clock::now();
  Reconnecting connection_;  ///< The thread's.
  bool begun_ = false;       ///< The thread's.
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  // Guarded by mutex_:
  Lease lease_;
  std::string problem_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace samoyed::dispatcher::postgres
