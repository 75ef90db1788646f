#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace samoyed::web {

/// How far statistics look back, and into how many parts of a length that divides the day they cut
/// that time.
struct TimeRange {
  std::string_view name;
  std::int64_t bucket_ms;
  std::size_t buckets;

  /// From the first bucket's begin to the last one's end, in ms since 1970. The last is the one of
  /// `now_ms`, and all begin at multiples of their length: so a page and what its script asks for a
  /// moment later are alike.
  std::int64_t until_ms(std::int64_t now_ms) const { return (now_ms / bucket_ms + 1) * bucket_ms; }
  std::int64_t from_ms(std::int64_t now_ms) const {
    return until_ms(now_ms) - bucket_ms * static_cast<std::int64_t>(buckets);
  }
};

inline constexpr std::array<TimeRange, 4> time_ranges{{{"hour", 60'000, 60},
                                                       {"day", 1'800'000, 48},
                                                       {"week", 7'200'000, 84},
                                                       {"month", 43'200'000, 60}}};

/// Returns std::nullopt for a name that none of them has.
constexpr std::optional<TimeRange> find_range(std::string_view name) {
  for (const TimeRange& range : time_ranges) {
    if (range.name == name) return range;
  }
  return std::nullopt;
}

}  // namespace samoyed::web
