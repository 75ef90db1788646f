#pragma once

#include <string>
#include <vector>

#include "samoyed/dispatcher/history_query.hpp"
#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::web {

/// How results are shown to a client.
struct ResultDisplay {
  /// Whether they name their workers.
  bool workers_visible = false;
  /// The path before the addresses of thumbnails (base_path.hpp).
  std::string base_path = {};
};

/// Returns the row, without the name of its worker unless `workers_visible`.
dispatcher::HistoryRow visible_row(dispatcher::HistoryRow row, bool workers_visible);

/// One result as JSON.
std::string result_json(const dispatcher::HistoryRow& row, const ResultDisplay& display);

/// Several results as JSON objects, separated by commas.
std::string results_json(const std::vector<dispatcher::HistoryRow>& rows,
                         const ResultDisplay& display);

/// One page of results, and the ids that lead to the pages before and after it.
std::string result_page_json(const dispatcher::HistoryPage& page, const ResultDisplay& display);

}  // namespace samoyed::web
