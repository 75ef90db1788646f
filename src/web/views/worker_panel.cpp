#include "web/views/worker_panel.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed/protocol/address.hpp"
#include "samoyed_web_files.hpp"
#include "web/http/url.hpp"
#include "web/views/number_text.hpp"
#include "web/views/page_template.hpp"
#include "web/views/units_text.hpp"

namespace samoyed::web {
namespace {

/// Shown if there is no number yet, or if it is hidden.
constexpr std::string_view no_number = "–";

bool is_in_rotation(const dispatcher::WorkerRow& row) {
  return row.state == dispatcher::WorkerState::in_rotation;
}

bool is_offline(const dispatcher::WorkerRow& row) {
  return row.state == dispatcher::WorkerState::ejected;
}

/// A worker's state: `kind` for the style sheet, `word` and `note` for people.
/// assets/worker_table.js has the same words.
struct Status {
  std::string_view kind;
  std::string_view word;
  std::string_view note;
};

Status status_of(const dispatcher::WorkerRow& row, bool hidden) {
  if (hidden) return {"unknown", "Connecting…", ""};
  const std::string_view probed = row.probing ? "being probed" : "";
  if (is_offline(row)) return {"removed", "Offline", row.probing ? probed : "reconnecting"};
  if (!is_in_rotation(row)) return {"draining", "Draining", "about to stop"};
  return row.counts.in_flight > 0 ? Status{"busy", "Busy", probed}
                                  : Status{"ready", "Ready", probed};
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

/// Why a worker is in the list although nobody may have listed it.
std::string found_text(const std::string& discovered_by) {
  return discovered_by.empty() ? std::string() : "found by " + discovered_by;
}

/// How the search by one DNS name goes. assets/worker_table.js has the same words.
std::string discovery_text(const dispatcher::DiscoveryStatus& status) {
  std::string text = std::to_string(status.workers);
  text += status.workers == 1 ? " worker, " : " workers, ";
  text += status.answered_ms ? "last answer " + time_text(*status.answered_ms) : "no answer yet";
  if (!status.problem.empty()) text += ": " + status.problem;
  return text;
}

/// The texts of a row's cells. They keep their defaults in the row that the script fills in.
struct RowCells {
  std::string address;
  std::string found;
  std::string model;
  bool untrained = false;
  Status status;
  /// Why and since when it is offline. Empty if it isn't.
  std::string why = {};
  std::string since_utc = {};
  std::string since = {};
  std::string in_flight{no_number};
  std::string done{no_number};
  std::string failed{no_number};
  std::string latency{no_number};
};

RowCells cells_of(const dispatcher::WorkerRow& row, const WorkersView& workers) {
  const bool hidden = is_hidden(row, workers);
  RowCells cells{.address = protocol::to_string(row.worker.address),
                 .found = found_text(row.discovered_by),
                 .model = row.model ? row.model->name : "network not known yet",
                 .untrained = is_untrained(row),
                 .status = status_of(row, hidden)};
  if (hidden) return cells;
  cells.in_flight = std::to_string(row.counts.in_flight);
  cells.done = std::to_string(row.counts.done);
  cells.failed = std::to_string(row.counts.failed);
  if (is_offline(row)) {
    cells.why = capitalized(row.why);
    cells.since_utc = dispatcher::utc_text(row.since_ms);
    cells.since = "since " + time_text(row.since_ms);
  }
  if (row.counts.latency_ms > 0) cells.latency = fixed_text(row.counts.latency_ms, 1) + " ms";
  return cells;
}

Values worker_row(const RowCells& cells) {
  return {{"kind", cells.status.kind},
          {"address", cells.address},
          {"found", cells.found},
          {"model", cells.model},
          {"badge", cells.untrained ? "untrained" : ""},
          {"word", cells.status.word},
          {"note", cells.status.note},
          {"offline", !cells.since.empty()},
          {"why", cells.why},
          {"since_utc", cells.since_utc},
          {"since", cells.since},
          {"in_flight", cells.in_flight},
          {"done", cells.done},
          {"failed", cells.failed},
          {"latency", cells.latency},
          {"path", percent_encode(cells.address)}};
}

Values worker_list(const WorkersView& workers) {
  std::vector<Values> rows;
  rows.reserve(workers.rows.size());
  for (const auto& row : workers.rows) rows.push_back(worker_row(cells_of(row, workers)));
  std::vector<Values> names;
  for (const auto& status : workers.discovery) {
    names.push_back({{"name", status.name},
                     {"text", discovery_text(status)},
                     {"problem", !status.problem.empty()}});
  }
  const auto count = std::ranges::count_if(workers.rows, [&](const dispatcher::WorkerRow& row) {
    return is_in_rotation(row) && !is_hidden(row, workers);
  });
  return {{"count", std::to_string(count)},
          {"instance", workers.instance_name},
          {"workers", std::move(rows)},
          {"names", std::move(names)},
          {"blank_worker", worker_row({})},
          {"signed_in", workers.shown == WorkersView::Shown::signed_in}};
}

}  // namespace

bool is_hidden(const dispatcher::WorkerRow& row, const WorkersView& workers) {
  return workers.shown == WorkersView::Shown::open && !row.heard;
}

bool is_untrained(const dispatcher::WorkerRow& row) { return row.model && !row.model->trained; }

Html worker_panel(const WorkersView& workers) {
  static const Template panel = page_template(files::workers_html);
  if (workers.shown == WorkersView::Shown::nothing) return Html();
  std::vector<Values> list;
  if (workers.visible()) list.push_back(worker_list(workers));
  return panel.fill({{"list", std::move(list)}, {"trouble", workers.sign_in_trouble}});
}

}  // namespace samoyed::web
