#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace samoyed::load {

/// A histogram of latencies in constant memory (180 kB), so that a long run costs no more than a
/// short one and counting never stalls it.
///
/// Whole microseconds below 2048 have a bucket each; above, each power of two is divided into 1024
/// buckets, so that the relative error is at most a thousandth. Latencies above 71 minutes count as
/// 71 minutes.
class LatencyHistogram {
 public:
  LatencyHistogram();

  /// Negative latencies count as zero.
  void record(std::chrono::nanoseconds latency);

  std::uint64_t count() const { return count_; }

  /// Returns the smallest recorded latency that at least `share` (0..1) of all latencies don't
  /// exceed. The result is exact below 2048 us and at share 1, and otherwise the upper end of its
  /// bucket. It is zero if there are no latencies.
  std::chrono::microseconds percentile(double share) const;

  /// Returns the longest latencies, at most `count_max`, the longest first. They are as exact as
  /// percentiles.
  std::vector<std::chrono::microseconds> slowest(std::size_t count_max) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t longest_us_ = 0;
};

}  // namespace samoyed::load
