#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "samoyed/dispatcher/history_statistics.hpp"

namespace samoyed::dispatcher {

/// Computes statistics from rows that are added newest first. Holds one number for each row, at
/// most `HistoryStatistics::rows_max` in total. Pure.
class StatisticsCount {
 public:
  struct Row {
    std::int64_t time_ms = 0;
    std::string worker;
    HistoryStatistics::Point point;
  };

  explicit StatisticsCount(const HistoryStatisticsQuery& query);

  /// Ignores rows outside the query's interval and beyond `rows_max`. Returns false once there were
  /// too many rows, so that no further one would count.
  bool add(const Row& row);
  /// Returns the statistics. Call once.
  HistoryStatistics finish();

 private:
  struct Sum {
    std::size_t count = 0;
    double total_ms = 0;
  };

  void summarize();

  const std::int64_t from_ms_;
  const std::int64_t until_ms_;
  HistoryStatistics result_;
  std::vector<std::vector<double>> totals_;  ///< Each row's `total_ms`, by bucket.
  std::unordered_map<std::string, Sum> workers_;
  HistoryTimes sum_;
};

/// Sorts workers, the busiest first, and keeps at most `HistoryStatistics::worker_totals_max`.
void keep_busiest(std::vector<HistoryStatistics::WorkerTotals>& workers);

/// The smallest value that at least `share` (0..1] of all values don't exceed (nearest rank); 0 if
/// there are no values. Reorders the values.
double percentile(std::vector<double>& values, double share);

}  // namespace samoyed::dispatcher
