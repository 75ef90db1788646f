#include "dispatcher/postgres/retention_rows.hpp"

#include <algorithm>
#include <string>

#include "dispatcher/postgres/advisory_locks.hpp"
#include "dispatcher/postgres/removal_rows.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// The share of the rows that may go because of their age in one interval, which is a minute. If
/// the clock has jumped, most of the history is still there after some hours.
constexpr std::uint64_t share = 720;

/// An image without a job is removed after this time: its jobs were not submitted in the end.
constexpr std::int64_t keep_images_ms = std::int64_t{24} * 60 * 60 * 1000;

std::int64_t piece_of(std::uint64_t budget) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(budget, piece_rows_max));
}

/// Deletes the rows that `select_ids` gives. Returns how many.
std::uint64_t remove_rows(Connection& connection, const std::string& select_ids,
                          const Params& params) {
  const Result gone =
      connection.run("WITH gone AS (DELETE FROM recognition WHERE id IN (" + select_ids +
                         ") RETURNING id), images AS (DELETE FROM thumbnail USING gone"
                         " WHERE thumbnail.id = gone.id) SELECT count(*) FROM gone",
                     params);
  return static_cast<std::uint64_t>(gone.integer(0, 0));
}

/// The number of rows beyond `rows_max`.
std::int64_t excess_rows(Connection& connection, std::uint64_t rows_max) {
  // Counts them only if the range of ids, which has gaps, shows that there may be too many.
  const Result range = connection.run("SELECT coalesce(max(id) - min(id) + 1, 0) FROM recognition");
  if (static_cast<std::uint64_t>(range.integer(0, 0)) <= rows_max) return 0;
  const Result count = connection.run("SELECT count(*) FROM recognition");
  return std::max<std::int64_t>(0, count.integer(0, 0) - static_cast<std::int64_t>(rows_max));
}

}  // namespace

RetentionBudget retention_budget(Connection& connection) {
  const Result counts = connection.run(
      "SELECT (SELECT coalesce(max(id) - min(id), 0) FROM recognition),"
      " (SELECT count(*) FROM job_end)");
  return {.rows = static_cast<std::uint64_t>(counts.integer(0, 0)) / share + 1,
          .jobs = static_cast<std::uint64_t>(counts.integer(0, 1)) / share + 1};
}

bool remove_old(Connection& connection, const RetentionLimits& limits, RetentionBudget& budget) {
  Transaction transaction(connection);
  if (!connection.run(try_retention_lock).boolean(0, 0)) return false;
  const std::int64_t excess = std::min<std::int64_t>(excess_rows(connection, limits.rows_max),
                                                     static_cast<std::int64_t>(piece_rows_max));
  std::uint64_t removed = 0;
  if (excess > 0) {
    removed = remove_rows(connection, "SELECT id FROM recognition ORDER BY id LIMIT $1",
                          Params().add(excess));
  }
  const std::uint64_t old_rows = remove_rows(
      connection,
      "SELECT id FROM recognition WHERE time_ms < least(now_ms(), (SELECT max(time_ms) FROM"
      " recognition)) - $1 LIMIT $2",
      Params().add(limits.keep_rows_ms).add(piece_of(budget.rows)));
  const Result old_jobs = connection.run(
      "DELETE FROM job_end WHERE number IN (SELECT number FROM job_end WHERE changed_ms <"
      " least(now_ms(), (SELECT max(changed_ms) FROM job_end)) - $1 LIMIT $2)",
      Params().add(limits.keep_jobs_ms).add(piece_of(budget.jobs)));
  connection.run(
      "DELETE FROM job_image WHERE stored_ms < now_ms() - $1 AND NOT EXISTS (SELECT FROM job"
      " WHERE job.id = job_image.id)",
      Params().add(keep_images_ms));
  transaction.commit();
  budget.rows -= std::min(budget.rows, old_rows);
  budget.jobs -= std::min(budget.jobs, old_jobs.changed());
  return removed == piece_rows_max || (old_rows == piece_rows_max && budget.rows > 0) ||
         (old_jobs.changed() == piece_rows_max && budget.jobs > 0);
}

}  // namespace samoyed::dispatcher::postgres
