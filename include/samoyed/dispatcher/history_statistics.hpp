#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

/// What the pictures of the numbers are to cover.
struct HistoryStatisticsQuery {
  /// Whose; nothing: everyone's.
  std::optional<std::string> visitor = std::nullopt;
  /// From this time until before that one, in ms since 1970.
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  /// Parts of equal length that the time is cut into, 1 to `buckets_max`.
  std::size_t buckets = 60;

  static constexpr std::size_t buckets_max = 500;
};

/// Numbers of the newest rows of a time.
struct HistoryStatistics {
  /// One recognition in the scatter plots.
  struct Point {
    std::uint64_t image_bytes = 0;
    std::uint64_t pixels = 0;  ///< 0 where the worker didn't tell.
    HistoryTimes times;

    bool operator==(const Point&) const = default;
  };
  /// What happened in one part of the time; percentiles of `total_ms` by nearest rank, 0 without rows.
  struct Bucket {
    std::int64_t from_ms = 0;
    std::size_t count = 0;
    double p50_ms = 0;
    double p90_ms = 0;
    double p99_ms = 0;

    bool operator==(const Bucket&) const = default;
  };
  /// Of all rows together; 0 without rows.
  struct Summary {
    double p50_ms = 0;
    double p90_ms = 0;
    double p99_ms = 0;
    HistoryTimes mean;

    bool operator==(const Summary&) const = default;
  };
  struct Share {
    std::string worker;
    std::size_t count = 0;
    double mean_ms = 0;  ///< Of `total_ms`.

    bool operator==(const Share&) const = default;
  };

  /// Newest first, at most `points_max`.
  std::vector<Point> points;
  /// Oldest first, without gaps.
  std::vector<Bucket> buckets;
  /// The busiest first, at most `shares_max`.
  std::vector<Share> workers;
  Summary summary;
  /// Rows that were counted.
  std::size_t rows = 0;
  /// There were more rows than `rows_max`: the oldest are left out.
  bool cut = false;

  static constexpr std::size_t points_max = 2000;
  static constexpr std::size_t shares_max = 100;
  static constexpr std::size_t rows_max = 200000;
};

}  // namespace samoyed::dispatcher
