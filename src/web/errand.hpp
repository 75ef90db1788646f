#pragma once

#include <optional>
#include <string>
#include <variant>

#include "samoyed/dispatcher/history_row.hpp"

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
};
/// All rows of a visitor, or of everyone, as CSV.
struct ExportResults {
  std::optional<std::string> visitor;
};
struct RemoveResults {
  std::string visitor;
};

using Errand = std::variant<FindJob, CancelJob, WatchJob, WatchWorkers, FindResults, ExportResults,
                            RemoveResults>;

}  // namespace samoyed::web
