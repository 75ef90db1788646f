#include "dispatcher/postgres/removal_rows.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

const std::string piece = std::to_string(piece_rows_max);

/// A removal that nobody has continued for this time is abandoned.
constexpr std::int64_t abandoned_after_ms = 60000;

}  // namespace

Removal begin_removal(Connection& connection, const std::string& visitor) {
  const Result begun = connection.run(
      "INSERT INTO removal (visitor, newest_row, newest_job, changed_ms) VALUES ($1,"
      " (SELECT coalesce(max(id), 0) FROM recognition), (SELECT coalesce(max(number), 0) FROM"
      " job_end), now_ms()) RETURNING number, newest_row, newest_job",
      Params().add(visitor));
  const Result count =
      connection.run("SELECT count(*) FROM recognition WHERE visitor = $1", Params().add(visitor));
  return {.number = begun.integer(0, 0),
          .visitor = visitor,
          .newest_row = begun.integer(0, 1),
          .newest_job = begun.integer(0, 2),
          .rows = static_cast<std::uint64_t>(count.integer(0, 0))};
}

bool continue_removal(Connection& connection, const Removal& removal) {
  // The jobs first: a finished job without its result would look as if it had been lost.
  const Params jobs = Params().add(removal.visitor).add(removal.newest_job).add(removal.newest_row);
  const Result removed_jobs = connection.run(
      "DELETE FROM job_end WHERE number IN (SELECT number FROM job_end WHERE visitor = $1 AND"
      " number <= $2 AND (recognition IS NULL OR recognition <= $3) LIMIT " +
          piece + ")",
      jobs);
  if (removed_jobs.changed() == piece_rows_max) return true;
  const Result removed = connection.run(
      "WITH gone AS (DELETE FROM recognition WHERE id IN (SELECT id FROM recognition WHERE"
      " visitor = $1 AND id <= $2 ORDER BY id LIMIT " +
          piece +
          ") RETURNING id), images AS (DELETE FROM thumbnail USING gone"
          " WHERE thumbnail.id = gone.id) SELECT count(*) FROM gone",
      Params().add(removal.visitor).add(removal.newest_row));
  connection.run("UPDATE removal SET changed_ms = now_ms() WHERE number = $1",
                 Params().add(removal.number));
  return removed.integer(0, 0) == static_cast<std::int64_t>(piece_rows_max);
}

void end_removal(Connection& connection, const Removal& removal) {
  connection.run("DELETE FROM removal WHERE number = $1", Params().add(removal.number));
}

bool resume_removal(Connection& connection) {
  const Result found = connection.run(
      "UPDATE removal SET changed_ms = now_ms() WHERE number = (SELECT number FROM removal WHERE"
      " changed_ms < now_ms() - $1 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED)"
      " RETURNING number, visitor, newest_row, newest_job",
      Params().add(abandoned_after_ms));
  if (found.rows() == 0) return false;
  const Removal removal{.number = found.integer(0, 0),
                        .visitor = found.text(0, 1),
                        .newest_row = found.integer(0, 2),
                        .newest_job = found.integer(0, 3)};
  while (continue_removal(connection, removal)) {
  }
  end_removal(connection, removal);
  return true;
}

bool has_rows_of(Connection& connection, const std::string& visitor) {
  const Result found = connection.run(
      "SELECT EXISTS (SELECT FROM recognition WHERE visitor = $1) OR"
      " EXISTS (SELECT FROM job WHERE visitor = $1) OR"
      " EXISTS (SELECT FROM job_end WHERE visitor = $1)",
      Params().add(visitor));
  return found.boolean(0, 0);
}

std::uint64_t adopt_rows(Connection& connection, const std::string& from, const std::string& to) {
  const Params params = Params().add(from).add(to);
  Transaction transaction(connection);
  // The jobs first, because their results follow them from now on. The new id has no other rows, so
  // what was to be removed still is.
  connection.run("UPDATE job SET visitor = $2 WHERE visitor = $1", params);
  connection.run("UPDATE job_end SET visitor = $2 WHERE visitor = $1", params);
  connection.run("UPDATE removal SET visitor = $2 WHERE visitor = $1", params);
  const Result moved = connection.run(
      "UPDATE recognition SET visitor = $2 WHERE id IN (SELECT id FROM recognition WHERE"
      " visitor = $1 ORDER BY id LIMIT " +
          piece + ")",
      params);
  transaction.commit();
  return moved.changed();
}

}  // namespace samoyed::dispatcher::postgres
