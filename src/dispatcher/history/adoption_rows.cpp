#include "dispatcher/history/adoption_rows.hpp"

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
  std::uint64_t moved = 0;
  if (adopted == Adopted::unsigned_only) {
    // First, because the results of old jobs may be new.
    auto results = database.prepare(
        "UPDATE recognition SET visitor = ? WHERE visitor = ? AND (" + old_results +
        " OR id IN (SELECT recognition FROM job WHERE visitor = ? AND " + old_jobs + "))");
    results.bind(to).bind(from).bind(from).run();
    moved += database.changes();
    auto jobs = database.prepare("UPDATE job SET visitor = ? WHERE visitor = ? AND " + old_jobs);
    jobs.bind(to).bind(from).run();
    return moved + database.changes() > 0;
  }
  for (const std::string table : {"recognition", "job"}) {
    database.prepare("UPDATE " + table + " SET visitor = ? WHERE visitor = ?")
        .bind(to)
        .bind(from)
        .run();
    moved += database.changes();
  }
  return moved > 0;
}

}  // namespace samoyed::dispatcher
