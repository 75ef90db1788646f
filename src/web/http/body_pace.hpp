#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace samoyed::web {

/// Decides how long to wait for the rest of a body that must arrive at a least rate.
///
/// A body may fall behind the rate by the grace. Time that a fast body saves is not kept, so a fast
/// beginning doesn't allow a long stall.
class BodyPace {
 public:
  using Clock = std::chrono::steady_clock;

  /// `bytes_per_second_min` is at least 1.
  BodyPace(std::uint64_t bytes_per_second_min, std::chrono::milliseconds grace)
      : seconds_per_byte_(1.0 / static_cast<double>(bytes_per_second_min)), grace_(grace) {}

  void begin(Clock::time_point now) {
    bytes_ = 0;
    until_ = now + grace_;
  }
  void received(std::uint64_t bytes) { bytes_ += bytes; }

  /// Returns when the body is too slow, unless more of it arrives.
  Clock::time_point until(Clock::time_point now) {
    const auto earned = std::exchange(bytes_, 0) * seconds_per_byte_;
    until_ = std::min(until_ + std::chrono::duration_cast<Clock::duration>(earned), now + grace_);
    return until_;
  }

 private:
  const std::chrono::duration<double> seconds_per_byte_;
  const std::chrono::milliseconds grace_;
  std::uint64_t bytes_ = 0;  ///< Received since the last `until`.
  Clock::time_point until_;
};

}  // namespace samoyed::web
