#include "dispatcher/postgres/removal_rows.hpp"

#include "dispatcher/postgres/advisory_locks.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// A removal that nobody has continued for this time is abandoned.
constexpr std::int64_t abandoned_after_ms = 60000;

std::uint64_t remove_finished_jobs(Connection& connection, const Removal& removal) {
  // A job whose result came after the removal began stays, as the result does.
  return connection
      .run(
          "DELETE FROM job_end WHERE number IN (SELECT number FROM job_end WHERE visitor = $1 AND"
          " number <= $2 AND (recognition IS NULL OR recognition <= $3) ORDER BY number LIMIT $4)",
          Params()
              .add(removal.visitor)
              .add(removal.newest_job)
              .add(removal.newest_row)
              .add(static_cast<std::int64_t>(piece_rows_max)))
      .changed();
}

std::uint64_t remove_results(Connection& connection, const Removal& removal, std::uint64_t count) {
  const Result removed = connection.run(
      "WITH gone AS (DELETE FROM recognition WHERE id IN (SELECT id FROM recognition WHERE"
      " visitor = $1 AND id <= $2 ORDER BY id LIMIT $3) RETURNING id), images AS (DELETE FROM"
      " thumbnail USING gone WHERE thumbnail.id = gone.id) SELECT count(*) FROM gone",
      Params().add(removal.visitor).add(removal.newest_row).add(static_cast<std::int64_t>(count)));
  return static_cast<std::uint64_t>(removed.integer(0, 0));
}

}  // namespace

Removal begin_removal(Connection& connection, const std::string& visitor) {
  Transaction transaction(connection);
  connection.run(take_ownership_lock);
  const Result begun = connection.run(
      "INSERT INTO removal (visitor, newest_row, newest_job, changed_ms) VALUES ($1,"
      " (SELECT coalesce(max(id), 0) FROM recognition), (SELECT coalesce(max(number), 0) FROM"
      " job_end), now_ms()) RETURNING number, newest_row, newest_job",
      Params().add(visitor));
  const Result count =
      connection.run("SELECT count(*) FROM recognition WHERE visitor = $1", Params().add(visitor));
  transaction.commit();
  return {.number = begun.integer(0, 0),
          .visitor = visitor,
          .newest_row = begun.integer(0, 1),
          .newest_job = begun.integer(0, 2),
          .rows = static_cast<std::uint64_t>(count.integer(0, 0))};
}

bool continue_removal(Connection& connection, const Removal& removal) {
  Transaction transaction(connection);
  connection.run(take_ownership_lock);
  // The jobs first: a finished job without its result would look as if it had been lost.
  std::uint64_t removed = remove_finished_jobs(connection, removal);
  if (removed < piece_rows_max) {
    removed += remove_results(connection, removal, piece_rows_max - removed);
  }
  const bool more = removed == piece_rows_max;
  const Params number = Params().add(removal.number);
  if (more) {
    connection.run("UPDATE removal SET changed_ms = now_ms() WHERE number = $1", number);
  } else {
    connection.run("DELETE FROM removal WHERE number = $1", number);
  }
  transaction.commit();
  return more;
}

std::optional<Removal> take_abandoned_removal(Connection& connection) {
  const Result found = connection.run(
      "UPDATE removal SET changed_ms = now_ms() WHERE number = (SELECT number FROM removal WHERE"
      " changed_ms < now_ms() - $1 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED)"
      " RETURNING number, visitor, newest_row, newest_job",
      Params().add(abandoned_after_ms));
  if (found.rows() == 0) return std::nullopt;
  return Removal{.number = found.integer(0, 0),
                 .visitor = found.text(0, 1),
                 .newest_row = found.integer(0, 2),
                 .newest_job = found.integer(0, 3)};
}

}  // namespace samoyed::dispatcher::postgres
