#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <mutex>

#include "samoyed/dispatcher/store_status.hpp"

namespace samoyed::dispatcher {

/// Counts the calls of a database.
///
/// Thread rule: every member may be called from any thread.
class CallCounter {
 public:
  using Clock = std::chrono::steady_clock;

  void done(Clock::duration length) {
    const std::lock_guard lock(mutex_);
    ++counts_.done;
    measure(length);
  }

  void failed(Clock::duration length) {
    const std::lock_guard lock(mutex_);
    ++counts_.failed;
    measure(length);
  }

  /// Counts a call that failed before it reached the database.
  void failed_at_once() {
    const std::lock_guard lock(mutex_);
    ++counts_.failed;
  }

  CallCounts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void measure(Clock::duration length) {
    const double length_s = std::chrono::duration<double>(length).count();
    const auto bound = std::ranges::lower_bound(CallCounts::bounds_s, length_s);
    const auto bucket = std::distance(CallCounts::bounds_s.begin(), bound);
    ++counts_.by_length[static_cast<std::size_t>(bucket)];
    counts_.total_s += length_s;
  }

  mutable std::mutex mutex_;
  CallCounts counts_;  ///< Guarded by mutex_.
};

}  // namespace samoyed::dispatcher
