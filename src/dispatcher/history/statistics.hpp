#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "samoyed/dispatcher/history_statistics.hpp"

namespace samoyed::dispatcher {

/// Computes statistics from rows, newest first. Holds one number for each of at most
/// `HistoryStatistics::rows_max` rows. Pure.
class StatisticsCount {
 public:
  struct Row {
    std::int64_t time_ms = 0;
    std::string worker;
    HistoryStatistics::Point point;
  };

  explicit StatisticsCount(const HistoryStatisticsQuery& query);

  /// Ignores rows outside of the query's interval and beyond `rows_max`.
  void add(const Row& row);
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
  std::vector<std::vector<double>> totals_;  ///< In ms, by bucket.
  std::unordered_map<std::string, Sum> workers_;
  HistoryTimes sum_;
};

/// The smallest value that is not exceeded by at least `share` (0..1] of all values (nearest rank);
/// 0 without values. Reorders the values.
double percentile(std::vector<double>& values, double share);

}  // namespace samoyed::dispatcher
