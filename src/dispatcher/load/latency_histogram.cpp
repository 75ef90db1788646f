#include "dispatcher/load/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace samoyed::load {
namespace {

constexpr int buckets_per_octave_log2 = 10;
constexpr std::uint64_t buckets_per_octave = 1u << buckets_per_octave_log2;
constexpr std::uint64_t longest_known_us = (std::uint64_t{1} << 32) - 1;

/// The number of low bits of a value that its bucket ignores.
int dropped_bits(std::uint64_t us) {
  return std::max(0, static_cast<int>(std::bit_width(us)) - (buckets_per_octave_log2 + 1));
}

std::uint64_t bucket_of(std::uint64_t us) {
  const int dropped = dropped_bits(us);
  return static_cast<std::uint64_t>(dropped) * buckets_per_octave + (us >> dropped);
}

/// The largest value of a bucket.
std::uint64_t upper_end(std::uint64_t bucket) {
  if (bucket < 2 * buckets_per_octave) return bucket;
  const std::uint64_t dropped = bucket / buckets_per_octave - 1;
  const std::uint64_t kept = bucket - dropped * buckets_per_octave;
  return ((kept + 1) << dropped) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(bucket_of(longest_known_us) + 1) {}

void LatencyHistogram::record(std::chrono::nanoseconds latency) {
  const auto us = std::chrono::round<std::chrono::microseconds>(latency).count();
  const auto known = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(us, 0, static_cast<std::int64_t>(longest_known_us)));
  ++buckets_[bucket_of(known)];
  ++count_;
  longest_us_ = std::max(longest_us_, known);
}

std::chrono::microseconds LatencyHistogram::percentile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(
      std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::uint64_t bucket = 0; bucket < buckets_.size() && count_ > 0; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) {
      return std::chrono::microseconds(std::min(upper_end(bucket), longest_us_));
    }
  }
  return {};
}

std::vector<std::chrono::microseconds> LatencyHistogram::slowest(std::size_t count_max) const {
  std::vector<std::chrono::microseconds> slowest;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count_max, count_));
  for (std::uint64_t bucket = buckets_.size(); bucket-- > 0 && slowest.size() < wanted;) {
    const auto size = static_cast<std::size_t>(
        std::min(slowest.size() + buckets_[bucket], std::uint64_t{wanted}));
    slowest.resize(size, std::chrono::microseconds(std::min(upper_end(bucket), longest_us_)));
  }
  return slowest;
}

}  // namespace samoyed::load
