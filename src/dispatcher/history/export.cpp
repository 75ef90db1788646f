#include <algorithm>
#include <charconv>
#include <ctime>
#include <vector>

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed/dispatcher/recognition_json.hpp"
#include "samoyed/protocol/utf8.hpp"

namespace samoyed::dispatcher {
namespace {

/// The number of labels that get their own columns.
constexpr std::size_t csv_labels = 5;

/// The shortest digits that convert back to the same number, with a decimal point in every locale.
std::string number(double value) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value);
  return {digits, end.ptr};
}

std::string join(const std::vector<std::string>& cells) {
  std::string record;
  for (const std::string& cell : cells) record += cell + ",";
  record.pop_back();
  return record + "\r\n";
}

/// Returns true if a spreadsheet might treat a cell with this text as a formula. Blanks and
/// quotation marks may precede the sign, because programs drop them. Some also accept the
/// full-width signs.
bool begins_formula(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \""), text.size()));
  constexpr std::string_view signs[] = {"=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return text.starts_with(sign); });
}

}  // namespace

std::string utc_text(std::int64_t time_ms) {
  // Rounds down before 1970 too.
  std::int64_t milliseconds = time_ms % 1000;
  if (milliseconds < 0) milliseconds += 1000;
  const auto seconds = static_cast<std::time_t>((time_ms - milliseconds) / 1000);
  std::tm parts{};
  char text[40] = "";
  if (!gmtime_r(&seconds, &parts) ||
      std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
    return {};
  }
  std::string digits = std::to_string(milliseconds);
  digits.insert(0, 3 - digits.size(), '0');
  return std::string(text) + "." + digits + "Z";
}

std::string csv_cell(std::string_view text) {
  const std::string line = protocol::to_printable(text);
  std::string cell = "\"";
  bool begins = true;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (begins && begins_formula(std::string_view(line).substr(i))) cell += '\'';
    if (line[i] == '"') cell += '"';
    cell += line[i];
    begins = line[i] == ';';
  }
  return cell + "\"";
}

std::string history_csv_header() {
  std::vector<std::string> cells{"time",       "file_name", "image_bytes", "width",     "height",
                                 "pixels",     "model",     "trained",     "worker",    "source",
                                 "request_id", "queue_ms",  "transfer_ms", "decode_ms", "resize_ms",
                                 "forward_ms", "total_ms"};
  for (std::size_t place = 1; place <= csv_labels; ++place) {
    cells.push_back("label_" + std::to_string(place));
    cells.push_back("probability_" + std::to_string(place));
  }
  return join(cells);
}

std::string history_csv_row(const HistoryRow& row) {
  const auto& times = row.times;
  std::vector<std::string> cells{utc_text(row.time_ms),
                                 csv_cell(row.file_name),
                                 std::to_string(row.image_bytes),
                                 std::to_string(row.width),
                                 std::to_string(row.height),
                                 std::to_string(static_cast<std::int64_t>(row.width) * row.height),
                                 csv_cell(row.model),
                                 row.trained ? "true" : "false",
                                 csv_cell(row.worker),
                                 csv_cell(to_string(row.source)),
                                 csv_cell(row.request_id),
                                 number(times.queue_ms),
                                 number(times.transfer_ms),
                                 number(times.decode_ms),
                                 number(times.resize_ms),
                                 number(times.forward_ms),
                                 number(times.total_ms)};
  for (std::size_t place = 0; place < csv_labels; ++place) {
    const bool there = place < row.top.size();
    cells.push_back(there ? csv_cell(row.top[place].label) : "");
    cells.push_back(there ? number(row.top[place].probability) : "");
  }
  return join(cells);
}

std::string history_json(const HistoryRow& row, const std::string& thumbnail) {
  std::optional<WorkerModel> model;
  if (!row.model.empty()) model = WorkerModel{row.model, row.trained};
  nlohmann::ordered_json object{{"id", row.id},
                                {"time", utc_text(row.time_ms)},
                                {"source", to_string(row.source)},
                                {"request_id", row.request_id},
                                {"file_name", row.file_name},
                                {"image_bytes", row.image_bytes},
                                {"width", row.width},
                                {"height", row.height},
                                {"worker", row.worker},
                                {"network", network_json(model)},
                                {"model", row.model},
                                {"trained", row.trained},
                                {"labels", labels_json(row.top)},
                                {"times_ms", times_json(row.times)},
                                {"has_thumbnail", row.has_thumbnail}};
  if (row.has_thumbnail) object["thumbnail"] = thumbnail;
  return protocol::escape_json_controls(
      object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace samoyed::dispatcher
