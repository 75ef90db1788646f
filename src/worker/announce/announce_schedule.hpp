#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace samoyed::worker {

/// Decides when an announcement is due and which failures are logged. Does no I/O and reads no
/// clock.
///
/// Not thread-safe: use from one thread.
class AnnounceSchedule {
 public:
  using Clock = std::chrono::steady_clock;

  /// The pause after a failure. It doubles with each further one, up to the interval.
  static constexpr std::chrono::milliseconds first_pause{1000};
  /// Each pause is up to this share shorter or longer, so that workers that lost their dispatcher
  /// together don't come back together.
  static constexpr double jitter = 0.1;
  /// The least time between two log lines about the same failure.
  static constexpr std::chrono::minutes log_interval{1};

  /// The first announcement is due at `now`.
  AnnounceSchedule(Clock::time_point now, std::chrono::milliseconds interval)
      : interval_(interval), next_(now) {}

  Clock::time_point next() const { return next_; }

  /// `random`, in 0..1, is the jitter. Returns true if the success should be logged: it is the
  /// first one, or follows a failure.
  bool on_success(Clock::time_point now, double random);

  /// Returns true if the failure should be logged: it is another one than last time, or the last
  /// line is `log_interval` old.
  bool on_failure(const std::string& why, Clock::time_point now, double random);

 private:
  void schedule(std::chrono::milliseconds pause, Clock::time_point now, double random);

  const std::chrono::milliseconds interval_;
  Clock::time_point next_;
  bool announced_ = false;
  std::size_t failures_ = 0;  ///< In a row.
  std::string logged_failure_;
  std::optional<Clock::time_point> logged_at_;
};

}  // namespace samoyed::worker
