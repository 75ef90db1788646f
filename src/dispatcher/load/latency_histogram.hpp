#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace samoyed::load {

/// How often each latency occurred, in constant memory (180 kB), so that a long run costs no more than
/// a short one and its counting never stalls it.
///
/// Whole microseconds below 2048 have a bucket each; above, each power of two is divided into 1024
/// buckets, so that a value is known to a thousandth. Longer ones than 71 minutes count as that.
class LatencyHistogram {
 public:
  LatencyHistogram();

  /// Negative ones count as none.
  void record(std::chrono::nanoseconds latency);

  std::uint64_t count() const { return count_; }

  /// The smallest of the recorded latencies that at least `share` (0..1) of them don't exceed; exact
  /// below 2048 us and at share 1, else the upper end of its bucket. Zero of none.
  std::chrono::microseconds percentile(double share) const;

  /// Up to so many of the longest, the longest first; as exact as percentiles are.
  std::vector<std::chrono::microseconds> slowest(std::size_t count_max) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t longest_us_ = 0;
};

}  // namespace samoyed::load
