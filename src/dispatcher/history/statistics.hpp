#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "samoyed/dispatcher/history_statistics.hpp"

namespace samoyed::dispatcher {

/// Counts rows, newest first, into what the pictures of the numbers show. Holds one number for each of at
/// most `HistoryStatistics::rows_max` rows. Pure.
class StatisticsCount {
 public:
  struct Row {
    std::int64_t time_ms = 0;
    std::string worker;
    HistoryStatistics::Point point;
  };

  explicit StatisticsCount(const HistoryStatisticsQuery& query);

  /// Rows outside of the query's time, and beyond `rows_max`, are not counted.
  void add(const Row& row);
  HistoryStatistics finish();

 private:
  struct Sum {
    std::size_t count = 0;
    double total_ms = 0;
  };

  void summarise();

  const std::int64_t from_ms_;
  const std::int64_t until_ms_;
  HistoryStatistics result_;
  std::vector<std::vector<double>> totals_;  ///< In ms, by bucket.
  std::unordered_map<std::string, Sum> workers_;
  HistoryTimes sum_;
};

/// The smallest value that at least that share (0..1] of all are not above (nearest rank); 0 of none. Reorders
/// the values.
double percentile(std::vector<double>& values, double share);

}  // namespace samoyed::dispatcher
