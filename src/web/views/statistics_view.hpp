#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "samoyed/dispatcher/history_statistics.hpp"
#include "web/views/time_range.hpp"

namespace samoyed::web {

/// The statistics that the visitor may see. It must not outlive `numbers`.
struct StatisticsView {
  const dispatcher::HistoryStatistics& numbers;
  TimeRange range = time_ranges.front();
  /// The start and end of the range, in ms since 1970.
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  /// Whether the numbers cover everyone's results instead of the visitor's own.
  bool everyone = false;
  /// The model to which the numbers are limited. std::nullopt: all models.
  std::optional<std::string> model = std::nullopt;
  /// Whether the visitor may see the numbers of each worker and of everyone.
  bool workers_visible = false;
  /// Whether visitors are identified by their addresses instead of a cookie.
  bool by_address = false;
};

}  // namespace samoyed::web
