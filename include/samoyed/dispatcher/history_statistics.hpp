#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

/// Which rows the statistics cover.
struct HistoryStatisticsQuery {
  /// Only this visitor's rows. std::nullopt: everyone's rows.
  std::optional<std::string> visitor = std::nullopt;
  /// Only rows of this model. std::nullopt: of all models.
  std::optional<std::string> model = std::nullopt;
  /// The half-open interval [from, until), in milliseconds since 1970.
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  /// The number of equal parts of the interval, 1 to `buckets_max`.
  std::size_t buckets = 60;

  static constexpr std::size_t buckets_max = 500;

  auto operator<=>(const HistoryStatisticsQuery&) const = default;
};

/// Statistics of the rows of an interval.
struct HistoryStatistics {
  /// One recognition in the scatter plots.
  struct Point {
    std::uint64_t image_bytes = 0;
    std::uint64_t pixels = 0;  ///< 0 if the worker didn't report them.
    HistoryTimes times;

    bool operator==(const Point&) const = default;
  };
  /// One part of the interval. Percentiles of `total_ms` by nearest rank; 0 if there are no rows.
  struct Bucket {
    std::int64_t from_ms = 0;
    std::size_t count = 0;
    double p50_ms = 0;
    double p90_ms = 0;
    double p99_ms = 0;

    bool operator==(const Bucket&) const = default;
  };
  /// All rows together; 0 if there are no rows.
  struct Summary {
    double p50_ms = 0;
    double p90_ms = 0;
    double p99_ms = 0;
    HistoryTimes mean;

    bool operator==(const Summary&) const = default;
  };
  /// The totals of one worker's rows.
  struct WorkerTotals {
    std::string worker;
    std::size_t count = 0;
    double mean_ms = 0;  ///< The mean of `total_ms`.

    bool operator==(const WorkerTotals&) const = default;
  };

  /// Newest first, at most `points_max`.
  std::vector<Point> points;
  /// Oldest first, without gaps.
  std::vector<Bucket> buckets;
  /// The busiest first, at most `worker_totals_max`.
  std::vector<WorkerTotals> workers;
  Summary summary;
  /// The models of the visitor's or everyone's rows near the interval, whichever the query's model:
  /// the busiest first, at most `models_max`.
  std::vector<std::string> models;
  /// The number of rows that were counted.
  std::size_t rows = 0;
  /// The most by which a percentile may differ from the exact one, as a share of it. 0: exact.
  double percentile_error_max = 0;
  /// True if there were more than `rows_max` rows, so the oldest were left out.
  bool truncated = false;

  /// More points would make the scatter plot and the table below it unreadable.
  static constexpr std::size_t points_max = 500;
  static constexpr std::size_t worker_totals_max = 100;
  static constexpr std::size_t models_max = 100;
  static constexpr std::size_t rows_max = 200000;
};

}  // namespace samoyed::dispatcher
