#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace samoyed::web {

/// The time range of statistics: `buckets` intervals of `bucket_ms` milliseconds, a length that
/// divides the day.
struct TimeRange {
  std::string_view name;
  std::int64_t bucket_ms;
  std::size_t buckets;

  /// The end of the last bucket and the start of the first, in ms since 1970. The last bucket
  /// contains `now_ms`, and all buckets start at multiples of their length. So a page and its
  /// script, which asks for the numbers a moment later, get the same buckets.
  std::int64_t until_ms(std::int64_t now_ms) const { return (now_ms / bucket_ms + 1) * bucket_ms; }
  std::int64_t from_ms(std::int64_t now_ms) const {
    return until_ms(now_ms) - bucket_ms * static_cast<std::int64_t>(buckets);
  }
};

inline constexpr std::array<TimeRange, 4> time_ranges{{{"hour", 60'000, 60},
                                                       {"day", 1'800'000, 48},
                                                       {"week", 7'200'000, 84},
                                                       {"month", 43'200'000, 60}}};

/// Returns `std::nullopt` if no range has that name.
constexpr std::optional<TimeRange> find_range(std::string_view name) {
  for (const TimeRange& range : time_ranges) {
    if (range.name == name) return range;
  }
  return std::nullopt;
}

}  // namespace samoyed::web
