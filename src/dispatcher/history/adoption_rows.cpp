#include "dispatcher/history/adoption_rows.hpp"

#include "dispatcher/history/statistics_rows.hpp"

namespace samoyed::dispatcher {
namespace {

const std::string old_results = "id <= (SELECT id FROM unsigned_until)";
const std::string old_jobs = "number <= (SELECT job FROM unsigned_until)";

}  // namespace

bool has_adoptable_rows(Database& database, const std::string& visitor, Adopted adopted) {
  const bool all = adopted == Adopted::all;
  auto rows = database.prepare("SELECT 1 FROM recognition WHERE visitor = ?" +
                               (all ? "" : " AND " + old_results) + " LIMIT 1");
  if (rows.bind(visitor).step()) return true;
  auto jobs = database.prepare("SELECT 1 FROM job WHERE visitor = ?" +
                               (all ? "" : " AND " + old_jobs) + " LIMIT 1");
  return jobs.bind(visitor).step();
}

bool adopt_rows(Database& database, const std::string& from, const std::string& to,
                Adopted adopted) {
  const bool all = adopted == Adopted::all;
  // The results first, because those of old jobs may be new.
  const std::string of_old_jobs =
      "id IN (SELECT recognition FROM job WHERE visitor = ?2 AND " + old_jobs + ")";
  const std::uint64_t results =
      move_rows(database, from, to, all ? "TRUE" : old_results + " OR " + of_old_jobs);
  auto jobs = database.prepare("UPDATE job SET visitor = ? WHERE visitor = ?" +
                               (all ? "" : " AND " + old_jobs));
  jobs.bind(to).bind(from).run();
  const std::uint64_t moved = results + database.changes();
  // The new id has no other rows, so what was to be removed still is.
  database
      .prepare(
          "INSERT INTO removal (visitor, newest_row, newest_job, abandoned)"
          " SELECT ?, newest_row, newest_job, 1 FROM removal WHERE visitor = ?")
      .bind(to)
      .bind(from)
      .run();
  return moved > 0;
}

}  // namespace samoyed::dispatcher
