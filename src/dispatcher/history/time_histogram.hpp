#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::dispatcher {

/// Converts a time to whole microseconds. Limits it to 0 .. `time_us_max`, so that sums of a
/// million times stay exact; NaN becomes 0.
std::uint64_t to_microseconds(double time_ms);

/// About 71 minutes, longer than any recognition may take.
inline constexpr std::uint64_t time_us_max = 0xffff'ffff;

/// Counts times in bins, from which percentiles can be read. Each power of two is divided into 64
/// bins of equal width; below 128 µs, each microsecond has a bin. Times can be taken away again:
/// the bin of a time depends on nothing but its microseconds. Pure.
class TimeHistogram {
 public:
  /// The most by which a percentile differs from the exact one, as a share of it: half the width
  /// of a bin. In addition, times are rounded to a microsecond.
  static constexpr double percentile_error_max = 1.0 / 128;

  /// Adds a time `change` times, or takes it away if `change` is negative.
  void add(std::uint64_t time_us, std::int64_t change);
  /// Adds another histogram's counts. Bins without times are dropped.
  void merge(const TimeHistogram& other);

  /// The percentile by nearest rank, in milliseconds: the middle of the bin that holds the smallest
  /// time that at least `share` (0..1] of all times don't exceed. 0 if there are no times.
  double percentile_ms(double share) const;

  /// The bytes of a histogram in the database: each bin that has times, ascending, as its number in
  /// two bytes and its count in four, big-endian.
  std::string encode() const;
  /// Reads such bytes. Returns std::nullopt if they are damaged.
  static std::optional<TimeHistogram> decode(std::string_view bytes);

 private:
  struct Bin {
    std::uint16_t number;
    std::int64_t count;
  };

  void count(std::uint16_t number, std::int64_t change);

  /// Ascending. A vector, because a row that is recorded changes one bin of some hundreds.
  std::vector<Bin> bins_;
};

}  // namespace samoyed::dispatcher
