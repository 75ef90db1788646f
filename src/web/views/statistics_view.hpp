#pragma once

#include <cstdint>

#include "samoyed/dispatcher/history_statistics.hpp"
#include "web/views/time_range.hpp"

namespace samoyed::web {

/// The numbers that the requester may see. Must not outlive `numbers`.
struct StatisticsView {
  const dispatcher::HistoryStatistics& numbers;
  TimeRange range = time_ranges.front();
  /// In ms since 1970.
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  /// Of everyone's results, not of the visitor's own.
  bool everyone = false;
  /// The requester may see which worker did what, and everyone's numbers.
  bool workers_visible = false;
  /// Visitors are distinguished by their addresses, not by a cookie.
  bool by_address = false;
};

}  // namespace samoyed::web
