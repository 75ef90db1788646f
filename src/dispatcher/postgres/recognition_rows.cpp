#include "dispatcher/postgres/recognition_rows.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "dispatcher/history/history_rows.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// In the order of `recognition_columns`.
constexpr std::array<std::string_view, recognition_values_count> value_types = {"bigint",
                                                                                "text",
                                                                                "smallint",
                                                                                "text",
                                                                                "text",
                                                                                "bigint",
                                                                                "integer",
                                                                                "integer",
                                                                                "text",
                                                                                "text",
                                                                                "boolean",
                                                                                "text",
                                                                                "double precision",
                                                                                "double precision",
                                                                                "double precision",
                                                                                "double precision",
                                                                                "double precision",
                                                                                "double precision",
                                                                                "boolean"};

HistoryRow read_row(const Result& rows, int row) {
  return {.id = rows.integer(row, 0),
          .time_ms = rows.integer(row, 2),
          .visitor = rows.text(row, 1),
          .client = rows.text(row, 3),
          .source = static_cast<HistorySource>(rows.integer(row, 4)),
          .request_id = rows.text(row, 5),
          .file_name = rows.text(row, 6),
          .image_bytes = static_cast<std::uint64_t>(rows.integer(row, 7)),
          .width = static_cast<int>(rows.integer(row, 8)),
          .height = static_cast<int>(rows.integer(row, 9)),
          .worker = rows.text(row, 10),
          .model = rows.text(row, 11),
          .trained = rows.boolean(row, 12),
          .top = parse_labels(rows.text(row, 13)),
          .times = {.queue_ms = rows.real(row, 14),
                    .transfer_ms = rows.real(row, 15),
                    .decode_ms = rows.real(row, 16),
                    .resize_ms = rows.real(row, 17),
                    .forward_ms = rows.real(row, 18),
                    .total_ms = rows.real(row, 19)},
          .thumbnail = {},
          .has_thumbnail = rows.boolean(row, 20)};
}

/// Returns std::nullopt for a row whose labels are damaged.
std::optional<HistoryRow> read_if_sound(const Result& rows, int row) {
  try {
    return read_row(rows, row);
  } catch (const StorageError&) {
    return std::nullopt;
  }
}

/// Adds conditions on the visitor and the model to `sql`, and their values to `params`, which holds
/// `count` values.
void add_owner(std::string& sql, Params& params, int count, const HistoryQuery& query) {
  if (query.visitor) {
    sql += " AND visitor = $" + std::to_string(++count);
    params.add(*query.visitor);
  }
  if (query.model) {
    sql += " AND model = $" + std::to_string(++count);
    params.add(cut_text(*query.model));
  }
}

/// Whether the query would find a row on one side of `id`. `side` is `id < $1` or `id > $1`.
bool has_row(Connection& connection, const std::string& side, HistoryId id,
             const HistoryQuery& query) {
  std::string sql = "SELECT 1 FROM recognition WHERE " + side;
  Params params;
  params.add(id);
  add_owner(sql, params, 1, query);
  return connection.run(sql + " LIMIT 1", params).rows() > 0;
}

}  // namespace

const std::string recognition_columns =
    "time_ms, client, source, request_id, file_name, image_bytes, width, height, worker, model,"
    " trained, top, queue_ms, transfer_ms, decode_ms, resize_ms, forward_ms, total_ms,"
    " has_thumbnail";

std::string recognition_values(int first) {
  std::string values;
  for (const std::string_view type : value_types) {
    if (!values.empty()) values += ", ";
    values += "$" + std::to_string(first++) + "::" + std::string(type);
  }
  return values;
}

void add_recognition(Params& params, const HistoryRow& row) {
  const auto& times = row.times;
  params.add(row.time_ms)
      .add(row.client)
      .add(static_cast<std::int64_t>(row.source))
      .add(row.request_id)
      .add(row.file_name)
      .add(static_cast<std::int64_t>(row.image_bytes))
      .add(std::int64_t{row.width})
      .add(std::int64_t{row.height})
      .add(row.worker)
      .add(row.model)
      .add(row.trained ? "t" : "f")
      .add(format_labels(row.top))
      .add(times.queue_ms)
      .add(times.transfer_ms)
      .add(times.decode_ms)
      .add(times.resize_ms)
      .add(times.forward_ms)
      .add(times.total_ms)
      .add(row.thumbnail.empty() ? "f" : "t");
}

void insert_row(Connection& connection, const HistoryRow& row) {
  static const std::string sql = "WITH added AS (INSERT INTO recognition (" + recognition_columns +
                                 ", visitor) VALUES (" + recognition_values(1) +
                                 ", $20) RETURNING id) INSERT INTO thumbnail SELECT id, $21::bytea"
                                 " FROM added WHERE $21 IS NOT NULL";
  Params params;
  add_recognition(params, row);
  params.add(row.visitor);
  if (row.thumbnail.empty()) {
    params.add_null();
  } else {
    params.add_bytes(row.thumbnail);
  }
  connection.run(sql, params);
}

HistoryPage find_rows(Connection& connection, const HistoryQuery& query) {
  const bool upwards = query.after.has_value();
  std::string sql = "SELECT id, visitor, " + recognition_columns + " FROM recognition WHERE " +
                    (upwards ? "id > $1" : "id < $1");
  Params params;
  params.add(upwards ? *query.after : query.before.value_or(std::numeric_limits<HistoryId>::max()));
  add_owner(sql, params, 1, query);
  sql += (upwards ? " ORDER BY id LIMIT " : " ORDER BY id DESC LIMIT ") +
         std::to_string(page_rows_max(query) + 1);
  const Result rows = connection.run(sql, params);
  std::vector<FoundRow> found;
  for (int row = 0; row < rows.rows(); ++row) {
    found.push_back({rows.integer(row, 0), read_if_sound(rows, row)});
  }
  return make_page(std::move(found), query, [&](PageSide side, HistoryId id) {
    return has_row(connection, side == PageSide::older ? "id < $1" : "id > $1", id, query);
  });
}

std::optional<HistoryRow> find_row(Connection& connection, HistoryId id,
                                   const std::optional<std::string>& visitor, bool with_thumbnail) {
  static const std::string sql =
      "SELECT id, visitor, " + recognition_columns + " FROM recognition WHERE id = $1";
  const Params params = Params().add(id);
  const Result found = connection.run(sql, params);
  if (found.rows() == 0) return std::nullopt;
  auto row = read_if_sound(found, 0);
  if (!row || (visitor && row->visitor != *visitor)) return std::nullopt;
  if (with_thumbnail && row->has_thumbnail) {
    const Result jpeg = connection.run("SELECT jpeg FROM thumbnail WHERE id = $1", params,
                                       Connection::Format::binary);
    if (jpeg.rows() > 0) row->thumbnail = jpeg.text(0, 0);
  }
  return row;
}

}  // namespace samoyed::dispatcher::postgres
