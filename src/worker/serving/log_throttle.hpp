#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace samoyed::worker {

/// Limits the log lines that unknown peers can cause: the first `lines_max` lines of each window
/// are written, the others only counted. Not thread-safe: use from one thread.
class LogThrottle {
 public:
  using Clock = std::chrono::steady_clock;

  LogThrottle(std::size_t lines_max, std::chrono::milliseconds window)
      : lines_max_(lines_max), window_(window) {}

  /// Returns `std::nullopt` if a line must be skipped now. Otherwise returns how many lines were
  /// skipped since the last one that was written.
  std::optional<std::size_t> admit(Clock::time_point now) {
    if (now >= window_end_) {
      window_end_ = now + window_;
      lines_ = 0;
    }
    if (lines_ == lines_max_) {
      ++left_out_;
      return std::nullopt;
    }
    ++lines_;
    return std::exchange(left_out_, 0);
  }

 private:
  const std::size_t lines_max_;
  const std::chrono::milliseconds window_;
  Clock::time_point window_end_;
  std::size_t lines_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace samoyed::worker
