#include "dispatcher/history/statistics_rows.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "dispatcher/history/statistics.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr std::string_view counted_columns =
    "time_ms, visitor, model, worker, queue_ms, transfer_ms, decode_ms, resize_ms, forward_ms,"
    " total_ms, id";
/// The column `id` among them.
constexpr int counted_id = 10;

CountedRow read_counted_row(const Statement& row) {
  return {.time_ms = row.integer(0),
          .visitor = row.text(1),
          .model = row.text(2),
          .worker = row.text(3),
          .times = {.queue_ms = row.real(4),
                    .transfer_ms = row.real(5),
                    .decode_ms = row.real(6),
                    .resize_ms = row.real(7),
                    .forward_ms = row.real(8),
                    .total_ms = row.real(9)}};
}

/// Rows up to this id are not in the prepared statistics yet.
HistoryId uncounted_until(Database& database) {
  auto row = database.prepare("SELECT uncounted_until FROM statistics_progress");
  return row.step() ? row.integer(0) : 0;
}

/// The key of everyone's totals that a row belongs to.
IntervalKey key_of(const CountedRow& row) {
  return {.visitor = std::nullopt,
          .interval = interval_of(row.time_ms),
          .model = row.model,
          .worker = row.worker};
}

/// The text by which the table tells everyone's rows from those of a visitor of any name.
std::string scope_of(const std::optional<std::string>& visitor) {
  return visitor ? "visitor " + *visitor : "everyone";
}

void bind_key(Statement& statement, const IntervalKey& key) {
  statement.bind(scope_of(key.visitor)).bind(key.interval).bind(key.model).bind(key.worker);
}

/// Reads the columns `count` to `histogram`, which begin at `column`. Returns std::nullopt if they
/// are damaged.
std::optional<IntervalTotals> read_totals(const Statement& row, int column) {
  IntervalTotals totals;
  totals.count = row.integer(column++);
  for (std::int64_t& sum_us : totals.sums_us) sum_us = row.integer(column++);
  auto histogram = TimeHistogram::decode(row.text(column));
  if (!histogram) return std::nullopt;
  totals.histogram = std::move(*histogram);
  return totals;
}

constexpr std::string_view totals_columns =
    "count, queue_us, transfer_us, decode_us, resize_us, forward_us, total_us, histogram";

/// Reads an entry. Returns std::nullopt if there is none, or if it is damaged: such an entry is
/// written anew, because it must not keep rows from being recorded or removed.
std::optional<IntervalTotals> find_totals(Database& database, const IntervalKey& key) {
  static const std::string select = "SELECT " + std::string(totals_columns) +
                                    " FROM interval_statistics WHERE scope = ? AND interval = ? AND"
                                    " model = ? AND worker = ?";
  auto rows = database.prepare(select);
  bind_key(rows, key);
  return rows.step() ? read_totals(rows, 0) : std::nullopt;
}

void write_totals(Database& database, const IntervalKey& key, const IntervalTotals& change) {
  static const std::string insert =
      "INSERT OR REPLACE INTO interval_statistics (scope, interval, model, worker, " +
      std::string(totals_columns) + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  IntervalTotals totals = find_totals(database, key).value_or(IntervalTotals{});
  totals.merge(change);
  if (totals.count <= 0) {
    auto statement = database.prepare(
        "DELETE FROM interval_statistics WHERE scope = ? AND interval = ? AND model = ? AND"
        " worker = ?");
    bind_key(statement, key);
    statement.run();
    return;
  }
  auto statement = database.prepare(insert);
  bind_key(statement, key);
  statement.bind(totals.count);
  for (const std::int64_t sum_us : totals.sums_us) statement.bind(sum_us);
  statement.bind_bytes(totals.histogram.encode()).run();
}

/// Makes all queries of its lifetime see the same state of the database.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_(database) { database_.execute("BEGIN"); }
  ~Snapshot() {
    try {
      database_.execute("ROLLBACK");
    } catch (const StorageError&) {
      // SQLite has already ended the transaction on its own.
    }
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Database& database_;
};

/// What the prepared statistics say about the intervals that a query touches.
struct Prepared {
  std::map<std::string, std::int64_t> models;    ///< The number of rows by model.
  std::int64_t count = 0;                        ///< The number of rows of the query's model.
  std::optional<IntervalStatistics> statistics;  ///< If the query consists of intervals.
};

Prepared read_prepared(Database& database, const HistoryStatisticsQuery& query) {
  Prepared prepared;
  if (consists_of_intervals(query)) prepared.statistics.emplace(query);
  auto rows = database.prepare("SELECT interval, model, worker, " + std::string(totals_columns) +
                               " FROM interval_statistics WHERE scope = ? AND interval >= ? AND"
                               " interval <= ?");
  rows.bind(scope_of(query.visitor))
      .bind(interval_of(query.from_ms))
      .bind(interval_of(query.until_ms - 1));
  while (rows.step()) {
    const IntervalKey key{.visitor = query.visitor,
                          .interval = rows.integer(0),
                          .model = rows.text(1),
                          .worker = rows.text(2)};
    prepared.models[key.model] += rows.integer(3);
    if (query.model && key.model != *query.model) continue;
    prepared.count += rows.integer(3);
    if (!prepared.statistics) continue;
    const auto totals = read_totals(rows, 3);
    if (!totals) throw StorageError("damaged statistics in the history");
    prepared.statistics->add(key, *totals);
  }
  return prepared;
}

/// Calls `use` with rows of the intervals that a query touches, newest first, until it returns
/// false or `count` rows were read. A visitor's or a model's rows are read by their index, so
/// `count` must not exceed their number: the search for more would read all the older ones.
void read_rows(Database& database, const HistoryStatisticsQuery& query, std::int64_t count,
               const std::function<bool(const StatisticsCount::Row&)>& use) {
  std::string sql =
      "SELECT time_ms, worker, image_bytes, width, height, queue_ms, transfer_ms, decode_ms,"
      " resize_ms, forward_ms, total_ms FROM recognition WHERE ";
  if (query.visitor) sql += "visitor = ? AND ";
  if (query.model) sql += query.visitor ? "+model = ? AND " : "model = ? AND ";
  sql += query.visitor || query.model
             ? "+time_ms >= ? AND +time_ms < ? ORDER BY id DESC LIMIT ?"
             : "time_ms >= ? AND time_ms < ? ORDER BY time_ms DESC LIMIT ?";
  auto rows = database.prepare(sql);
  if (query.visitor) rows.bind(*query.visitor);
  if (query.model) rows.bind(*query.model);
  rows.bind(interval_of(query.from_ms) * statistics_interval_ms)
      .bind((interval_of(query.until_ms - 1) + 1) * statistics_interval_ms)
      .bind(count);
  bool more = true;
  while (more && rows.step()) {
    more = use({.time_ms = rows.integer(0),
                .worker = rows.text(1),
                .point = {.image_bytes = static_cast<std::uint64_t>(rows.integer(2)),
                          .pixels = static_cast<std::uint64_t>(rows.integer(3) * rows.integer(4)),
                          .times = {.queue_ms = rows.real(5),
                                    .transfer_ms = rows.real(6),
                                    .decode_ms = rows.real(7),
                                    .resize_ms = rows.real(8),
                                    .forward_ms = rows.real(9),
                                    .total_ms = rows.real(10)}}});
  }
}

std::vector<std::string> busiest_models(const std::map<std::string, std::int64_t>& models) {
  std::vector<std::pair<std::int64_t, std::string>> sorted;
  for (const auto& [model, count] : models) sorted.emplace_back(-count, model);
  std::ranges::sort(sorted);
  if (sorted.size() > HistoryStatistics::models_max) sorted.resize(HistoryStatistics::models_max);
  std::vector<std::string> names;
  for (auto& [count, model] : sorted) names.push_back(std::move(model));
  return names;
}

}  // namespace

void StatisticsChanges::count(const CountedRow& row, std::int64_t change) {
  IntervalKey key = key_of(row);
  changes_[key].add(row.times, change);
  key.visitor = row.visitor;
  changes_[key].add(row.times, change);
}

void StatisticsChanges::count_move(const CountedRow& row, const std::string& from) {
  IntervalKey key = key_of(row);
  key.visitor = from;
  changes_[key].add(row.times, -1);
  key.visitor = row.visitor;
  changes_[key].add(row.times, 1);
}

void StatisticsChanges::apply(Database& database) {
  StatisticsChanges* const batch = database.statistics_batch();
  if (!batch) return write(database);
  for (auto& [key, change] : std::exchange(changes_, {})) batch->changes_[key].merge(change);
}

void StatisticsChanges::write(Database& database) {
  for (const auto& [key, change] : std::exchange(changes_, {})) {
    write_totals(database, key, change);
  }
}

void remove_rows(Database& database, std::span<const HistoryId> ids) {
  StatisticsChanges changes;
  const HistoryId uncounted = uncounted_until(database);
  for (const HistoryId id : ids) {
    database.prepare("DELETE FROM thumbnail WHERE id = ?").bind(id).run();
    auto removed = database.prepare("DELETE FROM recognition WHERE id = ? RETURNING " +
                                    std::string(counted_columns));
    removed.bind(id);
    while (removed.step()) {
      if (id > uncounted) changes.count(read_counted_row(removed), -1);
    }
  }
  changes.apply(database);
}

std::uint64_t move_rows(Database& database, const std::string& from, const std::string& to,
                        const std::string& condition, std::size_t count) {
  StatisticsChanges changes;
  const HistoryId uncounted = uncounted_until(database);
  std::uint64_t moved = 0;
  auto rows = database.prepare(
      "UPDATE recognition SET visitor = ?1 WHERE id IN (SELECT id FROM recognition WHERE"
      " visitor = ?2 AND " +
      condition + " LIMIT ?3) RETURNING " + std::string(counted_columns));
  rows.bind(to).bind(from).bind(static_cast<std::int64_t>(count));
  for (; rows.step(); ++moved) {
    if (rows.integer(counted_id) > uncounted) changes.count_move(read_counted_row(rows), from);
  }
  changes.apply(database);
  return moved;
}

void prepare_statistics_later(Database& database) {
  database.execute(
      "UPDATE statistics_progress SET uncounted_until ="
      " (SELECT coalesce(max(id), 0) FROM recognition)");
}

bool prepare_statistics(Database& database, std::size_t count) {
  const HistoryId until = uncounted_until(database);
  if (until == 0) return false;
  StatisticsChanges changes;
  std::size_t counted = 0;
  HistoryId last = 0;
  {
    auto rows = database.prepare("SELECT " + std::string(counted_columns) +
                                 " FROM recognition WHERE id <= ? ORDER BY id DESC LIMIT ?");
    rows.bind(until).bind(static_cast<std::int64_t>(count));
    for (; rows.step(); ++counted) {
      changes.count(read_counted_row(rows), 1);
      last = rows.integer(counted_id);
    }
  }
  changes.apply(database);
  const bool more = counted == count && last > 1;
  database.prepare("UPDATE statistics_progress SET uncounted_until = ?")
      .bind(std::int64_t{more ? last - 1 : 0})
      .run();
  return more;
}

HistoryStatistics find_statistics(Database& database, const HistoryStatisticsQuery& query) {
  const Snapshot snapshot(database);
  Prepared prepared = read_prepared(database, query);
  HistoryStatistics result;
  if (prepared.statistics) {
    result = prepared.statistics->finish();
    const auto shown = std::min<std::int64_t>(prepared.count, HistoryStatistics::points_max);
    read_rows(database, query, shown, [&](const StatisticsCount::Row& row) {
      result.points.push_back(row.point);
      return true;
    });
  } else {
    StatisticsCount count(query);
    read_rows(database, query, prepared.count,
              [&](const StatisticsCount::Row& row) { return count.add(row); });
    result = count.finish();
  }
  result.models = busiest_models(prepared.models);
  return result;
}

}  // namespace samoyed::dispatcher
