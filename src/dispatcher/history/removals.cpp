#include "dispatcher/history/removals.hpp"

#include <optional>
#include <vector>

#include "dispatcher/history/statistics_rows.hpp"

namespace samoyed::dispatcher {
namespace {

std::int64_t first_integer(Database& database, const std::string& sql) {
  auto row = database.prepare(sql);
  return row.step() ? row.integer(0) : 0;
}

std::uint64_t remove_jobs(Database& database, const Removal& removal, std::size_t count) {
  // A job whose result came after the removal began stays, as the result does.
  database
      .prepare(
          "DELETE FROM job WHERE number IN (SELECT number FROM job WHERE visitor = ? AND"
          " state >= 2 AND number <= ? AND (recognition IS NULL OR recognition <= ?) LIMIT ?)")
      .bind(removal.visitor)
      .bind(removal.newest_job)
      .bind(removal.newest_row)
      .bind(static_cast<std::int64_t>(count))
      .run();
  return database.changes();
}

std::uint64_t remove_results(Database& database, const Removal& removal, std::size_t count) {
  std::vector<HistoryId> ids;
  auto rows = database.prepare(
      "SELECT id FROM recognition WHERE visitor = ? AND id <= ? ORDER BY id LIMIT ?");
  rows.bind(removal.visitor).bind(removal.newest_row).bind(static_cast<std::int64_t>(count));
  while (rows.step()) ids.push_back(rows.integer(0));
  remove_rows(database, ids);
  return ids.size();
}

std::optional<Removal> find_removal(Database& database) {
  auto row =
      database.prepare("SELECT number, visitor, newest_row, newest_job FROM removal LIMIT 1");
  if (!row.step()) return std::nullopt;
  return Removal{.number = row.integer(0),
                 .visitor = row.text(1),
                 .newest_row = row.integer(2),
                 .newest_job = row.integer(3)};
}

}  // namespace

Removal begin_removal(Database& database, const std::string& visitor) {
  Removal removal{.visitor = visitor};
  removal.newest_row = first_integer(database, "SELECT coalesce(max(id), 0) FROM recognition");
  removal.newest_job = first_integer(database, "SELECT coalesce(max(number), 0) FROM job");
  auto rows = database.prepare("SELECT count(*) FROM recognition WHERE visitor = ?");
  rows.bind(visitor);
  if (rows.step()) removal.rows = static_cast<std::uint64_t>(rows.integer(0));
  database.prepare("INSERT INTO removal (visitor, newest_row, newest_job) VALUES (?, ?, ?)")
      .bind(visitor)
      .bind(removal.newest_row)
      .bind(removal.newest_job)
      .run();
  removal.number = database.last_insert_id();
  return removal;
}

std::uint64_t continue_removal(Database& database, const Removal& removal, std::size_t count) {
  // The jobs first: a finished job without its result would look as if it had been lost.
  const std::uint64_t jobs = remove_jobs(database, removal, count);
  return jobs == count ? jobs : jobs + remove_results(database, removal, count - jobs);
}

void end_removal(Database& database, const Removal& removal) {
  database.prepare("DELETE FROM removal WHERE number = ?").bind(removal.number).run();
}

std::uint64_t resume_removals(Database& database, std::size_t count) {
  std::uint64_t removed = 0;
  while (removed < count) {
    const auto removal = find_removal(database);
    if (!removal) break;
    const std::size_t left = count - removed;
    const std::uint64_t piece = continue_removal(database, *removal, left);
    removed += piece;
    if (piece < left) end_removal(database, *removal);
  }
  return removed;
}

}  // namespace samoyed::dispatcher
