#pragma once

#include <chrono>
#include <optional>

namespace samoyed::dispatcher::postgres {

/// A dispatcher that the database hasn't seen for this time, by the database's clock, is dead: its
/// jobs are given to others.
inline constexpr std::chrono::milliseconds lease_length{30000};

/// What a dispatcher may do with its jobs, by its own monotonic clock. It stops earlier than others
/// take its jobs over, so that no two recognize the same image for long. Pure.
///
///     renewed ---- 15 s ----> starts nothing ---- 20 s ----> cancels all ---- 30 s ----> rescued
class Lease {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds renewal_interval{5000};
  static constexpr std::chrono::milliseconds start_within{15000};
  static constexpr std::chrono::milliseconds cancel_after{20000};

  /// `began` is when the renewal was begun that has succeeded.
  void renewed(Clock::time_point began) { renewed_ = began; }

  bool may_start(Clock::time_point now) const { return renewed_ && now - *renewed_ < start_within; }
  bool must_cancel(Clock::time_point now) const {
    return !renewed_ || now - *renewed_ >= cancel_after;
  }
  /// Time since the last renewal; std::nullopt if there was none.
  std::optional<Clock::duration> age(Clock::time_point now) const {
    if (!renewed_) return std::nullopt;
    return now - *renewed_;
  }

 private:
  std::optional<Clock::time_point> renewed_;
};

}  // namespace samoyed::dispatcher::postgres
