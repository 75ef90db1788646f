#include "dispatcher/history/history_rows.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <nlohmann/json.hpp>

#include "dispatcher/history/statistics_rows.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr std::string_view columns =
    "id, time_ms, visitor, client, source, request_id, file_name, image_bytes, width, height, "
    "worker,"
    " model, trained, top, queue_ms, transfer_ms, decode_ms, resize_ms, forward_ms, total_ms,"
    " has_thumbnail";

HistoryRow read_row(const Statement& rows) {
  return {.id = rows.integer(0),
          .time_ms = rows.integer(1),
          .visitor = rows.text(2),
          .client = rows.text(3),
          .source = static_cast<HistorySource>(rows.integer(4)),
          .request_id = rows.text(5),
          .file_name = rows.text(6),
          .image_bytes = static_cast<std::uint64_t>(rows.integer(7)),
          .width = static_cast<int>(rows.integer(8)),
          .height = static_cast<int>(rows.integer(9)),
          .worker = rows.text(10),
          .model = rows.text(11),
          .trained = rows.integer(12) != 0,
          .top = parse_labels(rows.text(13)),
          .times = {.queue_ms = rows.real(14),
                    .transfer_ms = rows.real(15),
                    .decode_ms = rows.real(16),
                    .resize_ms = rows.real(17),
                    .forward_ms = rows.real(18),
                    .total_ms = rows.real(19)},
          .thumbnail = {},
          .has_thumbnail = rows.integer(20) != 0};
}

/// Returns std::nullopt for a row whose labels are damaged.
std::optional<HistoryRow> read_if_sound(const Statement& rows) {
  try {
    return read_row(rows);
  } catch (const StorageError&) {
    return std::nullopt;
  }
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

std::string select(std::string_view rest) {
  return "SELECT " + std::string(columns) + " FROM recognition " + std::string(rest);
}

/// The conditions on the visitor and the model. `bind_owner` binds their values. A visitor's rows
/// are read by their index, whatever their model: the index of models would lead to the rows of
/// all visitors.
std::string of_owner(const HistoryQuery& query) {
  std::string conditions = query.visitor ? " AND visitor = ?" : "";
  if (query.model) conditions += query.visitor ? " AND +model = ?" : " AND model = ?";
  return conditions;
}

void bind_owner(Statement& statement, const HistoryQuery& query) {
  if (query.visitor) statement.bind(*query.visitor);
  if (query.model) statement.bind(cut_text(*query.model));
}

/// Whether the query would find a row on one side of `id`. `side` is `id < ?` or `id > ?`.
bool has_row(Database& database, const std::string& side, HistoryId id, const HistoryQuery& query) {
  auto statement =
      database.prepare("SELECT 1 FROM recognition WHERE " + side + of_owner(query) + " LIMIT 1");
  statement.bind(id);
  bind_owner(statement, query);
  return statement.step();
}

}  // namespace

std::string cut_text(std::string text) {
  if (text.size() <= history_text_bytes_max) return text;
  std::size_t size = history_text_bytes_max;
  while (size > 0 && is_continuation(text[size])) --size;
  // Invalid UTF-8 has no characters to keep whole.
  text.resize(size > 0 ? size : history_text_bytes_max);
  return text;
}

HistoryRow within_limits(HistoryRow row) {
  for (std::string* text :
       {&row.visitor, &row.client, &row.request_id, &row.file_name, &row.worker, &row.model}) {
    *text = cut_text(std::move(*text));
  }
  if (row.top.size() > history_labels_max) row.top.resize(history_labels_max);
  for (auto& label : row.top) label.label = cut_text(std::move(label.label));
  if (row.thumbnail.size() > history_thumbnail_bytes_max) row.thumbnail.clear();
  row.has_thumbnail = !row.thumbnail.empty();
  return row;
}

std::size_t held_bytes(const HistoryRow& row) {
  std::size_t bytes = sizeof(row) + row.thumbnail.size() + row.visitor.size() + row.client.size() +
                      row.request_id.size() + row.file_name.size() + row.worker.size() +
                      row.model.size();
  for (const auto& label : row.top) bytes += sizeof(label) + label.label.size();
  return bytes;
}

HistoryId insert_row(Database& database, const HistoryRow& row) {
  const auto& times = row.times;
  database
      .prepare(
          "INSERT INTO recognition (time_ms, visitor, client, source, request_id, file_name,"
          " image_bytes, width, height, worker, model, trained, top, queue_ms, transfer_ms,"
          " decode_ms, resize_ms, forward_ms, total_ms, has_thumbnail)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.time_ms)
      .bind(row.visitor)
      .bind(row.client)
      .bind(static_cast<std::int64_t>(row.source))
      .bind(row.request_id)
      .bind(row.file_name)
      .bind(static_cast<std::int64_t>(row.image_bytes))
      .bind(std::int64_t{row.width})
      .bind(std::int64_t{row.height})
      .bind(row.worker)
      .bind(row.model)
      .bind(std::int64_t{row.trained})
      .bind(format_labels(row.top))
      .bind(times.queue_ms)
      .bind(times.transfer_ms)
      .bind(times.decode_ms)
      .bind(times.resize_ms)
      .bind(times.forward_ms)
      .bind(times.total_ms)
      .bind(std::int64_t{!row.thumbnail.empty()})
      .run();
  const HistoryId id = database.last_insert_id();
  if (!row.thumbnail.empty()) {
    database.prepare("INSERT INTO thumbnail (id, jpeg) VALUES (?, ?)")
        .bind(id)
        .bind_bytes(row.thumbnail)
        .run();
  }
  StatisticsChanges changes;
  changes.count({.time_ms = row.time_ms,
                 .visitor = row.visitor,
                 .model = row.model,
                 .worker = row.worker,
                 .times = times},
                1);
  changes.apply(database);
  return id;
}

std::size_t page_rows_max(const HistoryQuery& query) {
  return std::clamp<std::size_t>(query.rows_max, 1, history_page_rows_max);
}

HistoryPage make_page(std::vector<FoundRow> found, const HistoryQuery& query,
                      const std::function<bool(PageSide, HistoryId)>& has_row) {
  const bool more = found.size() > page_rows_max(query);
  if (more) found.pop_back();
  HistoryPage page;
  if (found.empty()) return page;
  const bool upwards = query.after.has_value();
  if (upwards) std::ranges::reverse(found);
  for (FoundRow& each : found) {
    if (each.row) {
      page.rows.push_back(std::move(*each.row));
    } else {
      ++page.unreadable;
    }
  }
  // Ids of unreadable rows count too, so that the next page goes on behind them.
  const HistoryId first = found.front().id;
  const HistoryId last = found.back().id;
  // The row at which the query began is on the other side, unless it has been removed since.
  const bool older = upwards ? has_row(PageSide::older, last) : more;
  const bool newer = upwards ? more : query.before.has_value() && has_row(PageSide::newer, first);
  if (older) page.next_before = last;
  if (newer) page.next_after = first;
  return page;
}

std::string page_sql(const HistoryQuery& query) {
  return select((query.after ? "WHERE id > ?" : "WHERE id < ?") + of_owner(query) +
                (query.after ? " ORDER BY id LIMIT ?" : " ORDER BY id DESC LIMIT ?"));
}

HistoryPage find_rows(Database& database, const HistoryQuery& query) {
  const bool upwards = query.after.has_value();
  auto statement = database.prepare(page_sql(query));
  statement.bind(upwards ? *query.after
                         : query.before.value_or(std::numeric_limits<HistoryId>::max()));
  bind_owner(statement, query);
  statement.bind(static_cast<std::int64_t>(page_rows_max(query) + 1));
  std::vector<FoundRow> found;
  while (statement.step()) found.push_back({statement.integer(0), read_if_sound(statement)});
  return make_page(std::move(found), query, [&](PageSide side, HistoryId id) {
    return has_row(database, side == PageSide::older ? "id < ?" : "id > ?", id, query);
  });
}

std::optional<HistoryRow> find_row(Database& database, HistoryId id,
                                   const std::optional<std::string>& visitor, bool with_thumbnail) {
  auto statement = database.prepare(select("WHERE id = ?"));
  statement.bind(id);
  if (!statement.step()) return std::nullopt;
  auto row = read_if_sound(statement);
  if (!row || (visitor && row->visitor != *visitor)) return std::nullopt;
  if (with_thumbnail && row->has_thumbnail) {
    auto jpeg = database.prepare("SELECT jpeg FROM thumbnail WHERE id = ?");
    if (jpeg.bind(id).step()) row->thumbnail = jpeg.text(0);
  }
  return row;
}

std::string format_labels(const std::vector<protocol::RankedLabel>& top) {
  auto array = nlohmann::json::array();
  for (const auto& label : top) {
    nlohmann::json entry{{"label", label.label}, {"probability", label.probability}};
    if (label.class_index) entry["class"] = *label.class_index;
    array.push_back(std::move(entry));
  }
  return array.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<protocol::RankedLabel> parse_labels(const std::string& text) {
  std::vector<protocol::RankedLabel> top;
  try {
    for (const auto& entry : nlohmann::json::parse(text)) {
      protocol::RankedLabel label{.label = entry.at("label"),
                                  .class_index = std::nullopt,
                                  .probability = entry.at("probability")};
      if (entry.contains("class")) label.class_index = entry["class"].get<int>();
      top.push_back(std::move(label));
    }
  } catch (const nlohmann::json::exception& error) {
    throw StorageError("damaged labels in the history: " + std::string(error.what()));
  }
  return top;
}

}  // namespace samoyed::dispatcher
