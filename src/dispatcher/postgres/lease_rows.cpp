#include "dispatcher/postgres/lease_rows.hpp"

#include "dispatcher/jobs/job_policy.hpp"
#include "dispatcher/postgres/advisory_locks.hpp"
#include "dispatcher/postgres/lease.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// Longer than the longest pause of a job that was put back. A job that is due later was put back
/// before the database's clock was set back.
constexpr std::int64_t due_later_max_ms = 120000;

/// How long the row of a dead dispatcher is kept.
constexpr std::int64_t dead_kept_ms = std::int64_t{24} * 60 * 60 * 1000;

const std::string without_lease =
    "state = 1 AND NOT EXISTS (SELECT FROM dispatcher WHERE dispatcher.id = job.owner AND"
    " dispatcher.seen_ms > now_ms() - $1::bigint)";

}  // namespace

void begin_lease(Connection& connection, const std::string& id, const std::string& name) {
  Transaction transaction(connection);
  connection.run("DELETE FROM dispatcher WHERE name = $1 AND id <> $2", Params().add(name).add(id));
  renew_lease(connection, id, name);
  transaction.commit();
}

void renew_lease(Connection& connection, const std::string& id, const std::string& name) {
  connection.run(
      "INSERT INTO dispatcher (id, name, seen_ms) VALUES ($1, $2, now_ms())"
      " ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms",
      Params().add(id).add(name));
}

void end_lease(Connection& connection, const std::string& id) {
  connection.run("DELETE FROM dispatcher WHERE id = $1", Params().add(id));
}

Rescued rescue_jobs(Connection& connection) {
  Transaction transaction(connection);
  if (!connection.run(try_rescue_lock).boolean(0, 0)) return {};
  const std::int64_t lease_ms = lease_length.count();
  const Result failed = connection.run(
      "WITH gone AS (DELETE FROM job WHERE " + without_lease +
          " AND suspect_ends + 1 >= $2 RETURNING *), images AS (DELETE FROM job_image USING gone"
          " WHERE job_image.id = gone.id) INSERT INTO job_end (number, id, state, owner,"
          " claims, attempts, submitted_ms, changed_ms, visitor, file_name, image_bytes, reason,"
          " detail) SELECT number, id, 3, owner, claims, attempts, submitted_ms, now_ms(), visitor,"
          " file_name, image_bytes, 'worker_failed',"
          " 'Too many attempts ended together with the dispatcher.' FROM gone",
      Params().add(lease_ms).add(std::int64_t{suspect_ends_max}));
  const Result waiting = connection.run(
      "UPDATE job SET state = 0, owner = '', due_ms = now_ms(), changed_ms = now_ms(),"
      " suspect_ends = suspect_ends + 1 WHERE " +
          without_lease,
      Params().add(lease_ms));
  connection.run("UPDATE job SET due_ms = now_ms() WHERE state = 0 AND due_ms > now_ms() + $1",
                 Params().add(due_later_max_ms));
  connection.run("DELETE FROM dispatcher WHERE seen_ms < now_ms() - $1",
                 Params().add(dead_kept_ms));
  connection.run("DELETE FROM writer_mark WHERE dispatcher NOT IN (SELECT id FROM dispatcher)");
  transaction.commit();
  return {.waiting = waiting.changed(), .failed = failed.changed()};
}

}  // namespace samoyed::dispatcher::postgres
