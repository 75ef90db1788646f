#pragma once

#include <string>
#include <vector>

#include "samoyed/dispatcher/history_query.hpp"
#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::web {

/// Returns the row, without the name of its worker unless `workers_visible`.
dispatcher::HistoryRow visible_row(dispatcher::HistoryRow row, bool workers_visible);

/// One result as JSON. It names its worker only with `workers_visible`.
std::string result_json(const dispatcher::HistoryRow& row, bool workers_visible);

/// Several results as JSON objects, separated by commas.
std::string results_json(const std::vector<dispatcher::HistoryRow>& rows, bool workers_visible);

/// One page of results, and the ids that lead to the pages before and after it.
std::string result_page_json(const dispatcher::HistoryPage& page, bool workers_visible);

}  // namespace samoyed::web
