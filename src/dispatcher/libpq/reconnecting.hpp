#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

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
  Clock::time_point due_ = Clock::time_point::min();
};

/// A connection that is opened when it is needed and possible, and again after it was lost.
///
/// Thread rule: one thread at a time. `problem` may be called from any thread.
class Reconnecting {
 public:
  /// Opens and prepares a connection. Throws StorageError.
  using Open = std::function<Connection()>;

  explicit Reconnecting(Open open) : open_(std::move(open)) {}

  /// Throws UnavailableError if the database can't be reached, at once if it is too early to try
  /// again.
  Connection& get();

  /// When `get` tries to connect again; in the past if it may.
  Backoff::Clock::time_point due() const { return backoff_.due(); }

  /// Why there is no connection, in one sentence; empty if there is one, or none was needed yet.
  std::string problem() const;

 private:
  void set_problem(const std::string& problem);

  const Open open_;
  std::optional<Connection> connection_;
  Backoff backoff_;
  mutable std::mutex mutex_;
  std::string problem_;  ///< Guarded by mutex_.
};

}  // namespace samoyed::dispatcher::postgres
