#pragma once

#include <optional>
#include <string>
#include <variant>

#include "samoyed/dispatcher/history_query.hpp"
#include "samoyed/dispatcher/history_statistics.hpp"
#include "web/routes/route_table.hpp"
#include "web/views/time_range.hpp"

namespace samoyed::web {

// What a request asks of the history, the jobs or the time to come: it takes a while, and the shell carries
// it out. Routes makes the answer of what comes back.

struct FindJob {
  std::string id;
};
struct CancelJob {
  std::string id;
};
/// The job's states, as server-sent events.
struct WatchJob {
  std::string id;
};
/// The workers, as server-sent events.
struct WatchWorkers {};
struct FindResults {
  dispatcher::HistoryQuery query;
  Style style = Style::api;
};
/// The small picture of one result: of that visitor, or of anyone.
struct FindThumbnail {
  dispatcher::HistoryId id = 0;
  std::optional<std::string> visitor = std::nullopt;
};
enum class ExportFormat { csv, json };
/// All rows of a visitor, or of everyone.
struct ExportResults {
  std::optional<std::string> visitor;
  ExportFormat format = ExportFormat::csv;
};
struct RemoveResults {
  std::string visitor;
  Style style = Style::api;
};
/// Numbers of a visitor's results, or of everyone's.
struct CountResults {
  dispatcher::HistoryStatisticsQuery query;
  TimeRange range = time_ranges.front();
  Style style = Style::api;
};

using Errand = std::variant<FindJob, CancelJob, WatchJob, WatchWorkers, FindResults, FindThumbnail,
                            ExportResults, RemoveResults, CountResults>;

/// In which the answer is wanted: `api` where an errand has only one.
inline Style style_of(const Errand& errand) {
  return std::visit(
      [](const auto& asked) {
        if constexpr (requires { asked.style; }) return asked.style;
        return Style::api;
      },
      errand);
}

}  // namespace samoyed::web
