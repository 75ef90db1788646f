#pragma once

#include <string>
#include <vector>

#include "samoyed/dispatcher/history_query.hpp"
#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::web {

/// A row without the name of its worker, unless `workers_visible`.
dispatcher::HistoryRow visible_row(dispatcher::HistoryRow row, bool workers_visible);

/// One result as JSON; its worker only with `workers_visible`.
std::string result_json(const dispatcher::HistoryRow& row, bool workers_visible);

/// Several results, separated by commas.
std::string results_json(const std::vector<dispatcher::HistoryRow>& rows, bool workers_visible);

/// One page of the results, and the ids that lead to the next ones.
std::string result_page_json(const dispatcher::HistoryPage& page, bool workers_visible);

}  // namespace samoyed::web
