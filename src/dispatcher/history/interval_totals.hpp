#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/history/time_histogram.hpp"
#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/history_statistics.hpp"

namespace samoyed::dispatcher {

/// The length of the intervals by which statistics are prepared. It divides the buckets of all
/// ranges that cover many rows.
inline constexpr std::int64_t statistics_interval_ms = 30 * 60 * 1000;

/// The number of the interval that contains a time. Rounds down before 1970 too.
std::int64_t interval_of(std::int64_t time_ms);

/// Returns whether each bucket of a query consists of whole intervals.
bool consists_of_intervals(const HistoryStatisticsQuery& query);

/// What statistics need to know about one row of the history.
struct CountedRow {
  std::int64_t time_ms = 0;
  std::string visitor;
  std::string model;
  std::string worker;
  HistoryTimes times;
};

/// Which rows an entry of the prepared statistics counts.
struct IntervalKey {
  /// Everyone's rows are counted once more, apart from each visitor's own.
  std::optional<std::string> visitor;
  std::int64_t interval = 0;
  std::string model;
  std::string worker;

  auto operator<=>(const IntervalKey&) const = default;
};

/// The totals of some rows. Whole numbers, so that taking rows away leaves exactly what adding the
/// others would have given. Pure.
struct IntervalTotals {
  static constexpr std::size_t phases = 6;

  std::int64_t count = 0;
  /// The sums of queue, transfer, decode, resize, forward and total.
  std::int64_t sums_us[phases] = {};
  TimeHistogram histogram;  ///< Of the total times.

  /// Adds a row's times (`change` is 1) or takes them away (-1).
  void add(const HistoryTimes& times, std::int64_t change);
  void merge(const IntervalTotals& other);
  std::int64_t total_us() const { return sums_us[phases - 1]; }
};

/// Computes statistics from prepared totals. Pure.
class IntervalStatistics {
 public:
  explicit IntervalStatistics(const HistoryStatisticsQuery& query);

  /// Adds totals of the query's interval, visitor and model.
  void add(const IntervalKey& key, const IntervalTotals& totals);
  /// Returns the statistics without points and models. Call once.
  HistoryStatistics finish();

 private:
  struct Sum {
    std::int64_t count = 0;
    std::int64_t total_us = 0;
  };

  const std::int64_t from_ms_;
  const std::int64_t bucket_ms_;
  std::vector<IntervalTotals> buckets_;
  std::map<std::string, Sum> workers_;
};

}  // namespace samoyed::dispatcher
