#include "web/views/results_json.hpp"

#include <optional>

#include "samoyed/dispatcher/history_export.hpp"

namespace samoyed::web {
namespace {

std::string id_json(std::optional<dispatcher::HistoryId> id) {
  return id ? std::to_string(*id) : "null";
}

}  // namespace

dispatcher::HistoryRow visible_row(dispatcher::HistoryRow row, bool workers_visible) {
  if (!workers_visible) row.worker.clear();
  return row;
}

std::string result_json(const dispatcher::HistoryRow& row, const ResultDisplay& display) {
  const std::string thumbnail =
      display.base_path + "/results/" + std::to_string(row.id) + "/thumbnail.jpg";
  return dispatcher::history_json(visible_row(row, display.workers_visible), thumbnail);
}

std::string results_json(const std::vector<dispatcher::HistoryRow>& rows,
                         const ResultDisplay& display) {
  // The rows are already JSON texts, so they are joined instead of parsed again.
  std::string text;
  for (const dispatcher::HistoryRow& row : rows) {
    if (!text.empty()) text += ',';
    text += result_json(row, display);
  }
  return text;
}

std::string result_page_json(const dispatcher::HistoryPage& page, const ResultDisplay& display) {
  return R"({"results":[)" + results_json(page.rows, display) + R"(],"next_before":)" +
         id_json(page.next_before) + R"(,"next_after":)" + id_json(page.next_after) + "}";
}

}  // namespace samoyed::web
