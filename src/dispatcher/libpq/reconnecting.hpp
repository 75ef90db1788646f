#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "dispatcher/history/call_counter.hpp"
#include "dispatcher/libpq/connection.hpp"

namespace samoyed::dispatcher::postgres {

/// Decides when to try to connect again. Pure.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds pause_first{100};
  static constexpr std::chrono::milliseconds pause_max{5000};

  bool is_due(Clock::time_point now) const { return now >= due_; }
  Clock::time_point due() const { return due_; }

  /// Call this after an attempt failed. `share`, from 0 to 1, spreads the attempts of many clients:
  /// the pause is between half and all of its length.
  void failed(Clock::time_point now, double share) {
    const auto length = static_cast<double>(pause_.count()) * (0.5 + share / 2);
    due_ = now + std::chrono::milliseconds(static_cast<std::int64_t>(length));
    pause_ = std::min(2 * pause_, pause_max);
  }
  void succeeded() { *this = Backoff(); }

 private:
  std::chrono::milliseconds pause_ = pause_first;
  Clock::time_point due_ = {};  ///< The start of the clock, which is long past.
};

/// How connections were used.
struct ConnectionUse {
  CallCounts calls = {};
  std::uint64_t reconnects = 0;        ///< Connections that replaced a lost one.
  std::uint64_t connect_failures = 0;  ///< Attempts to connect that failed.

  ConnectionUse& operator+=(const ConnectionUse& other) {
    calls += other.calls;
    reconnects += other.reconnects;
    connect_failures += other.connect_failures;
    return *this;
  }
};

/// A connection that is opened when it is needed and possible, and again after it was lost.
///
/// Thread rule: one thread at a time. `problem` and `use` may be called from any thread.
class Reconnecting {
 public:
  /// Opens and prepares a connection. Throws StorageError.
  using Open = std::function<Connection()>;

  explicit Reconnecting(Open open) : open_(std::move(open)) {}

  /// Returns whether there is a connection that isn't known to be lost.
  bool is_connected();

  /// Throws UnavailableError if the database can't be reached, at once if it is too early to try
  /// again.
  Connection& get();

  /// Runs `work` with the connection, and counts that as a call. Throws what `get` and `work`
  /// throw.
  void call(const std::function<void(Connection&)>& work);

  /// When `get` tries to connect again; in the past if it may.
  Backoff::Clock::time_point due() const { return backoff_.due(); }

  /// Why there is no connection, in one sentence; empty if there is one, or none was needed yet.
  std::string problem() const;

  ConnectionUse use() const;

 private:
  void set_problem(const std::string& problem);

  const Open open_;
  std::optional<Connection> connection_;
  bool had_connection_ = false;
  Backoff backoff_;
  CallCounter calls_;
  std::atomic<std::uint64_t> reconnects_ = 0;
  std::atomic<std::uint64_t> connect_failures_ = 0;
  mutable std::mutex mutex_;
  std::string problem_;  ///< Guarded by mutex_.
};

}  // namespace samoyed::dispatcher::postgres
