#include "dispatcher/history/adoption_rows.hpp"

#include "dispatcher/history/statistics_rows.hpp"

namespace samoyed::dispatcher {
namespace {

const std::string old_results = "id <= (SELECT id FROM unsigned_until)";
const std::string old_jobs = "number <= (SELECT job FROM unsigned_until)";
/// The results of old jobs may be new.
const std::string old_results_and_jobs_results =
    "(" + old_results + " OR id IN (SELECT recognition FROM job WHERE visitor = ?2 AND " +
    old_jobs + "))";
// `?2` is the visitor whose results and jobs they are.
const std::string results_not_removed =
    "id > coalesce((SELECT max(newest_row) FROM removal WHERE visitor = ?2), 0)";
const std::string jobs_not_removed =
    "NOT EXISTS (SELECT 1 FROM removal WHERE removal.visitor = ?2 AND job.state >= 2 AND"
    " job.number <= newest_job AND (recognition IS NULL OR recognition <= newest_row))";

struct Adoption {
  std::string former;
  std::string visitor;
  bool unsigned_only;
};

bool has_rows(Database& database, const std::string& visitor, Adopted adopted) {
  const bool all = adopted == Adopted::all;
  auto rows = database.prepare("SELECT 1 FROM recognition WHERE visitor = ?" +
                               (all ? "" : " AND " + old_results) + " LIMIT 1");
  if (rows.bind(visitor).step()) return true;
  auto jobs = database.prepare("SELECT 1 FROM job WHERE visitor = ?" +
                               (all ? "" : " AND " + old_jobs) + " LIMIT 1");
  return jobs.bind(visitor).step();
}

/// The id that has adopted a visitor, and whether somebody has learned it.
struct Adopter {
  std::string visitor;
  bool given;
};

std::optional<Adopter> find_adopter(Database& database, const std::string& former) {
  auto rows = database.prepare("SELECT visitor, given FROM adoption WHERE former = ?");
  if (!rows.bind(former).step()) return std::nullopt;
  return Adopter{rows.text(0), rows.integer(1) != 0};
}

std::optional<Adoption> find_unfinished(Database& database,
                                        const std::optional<std::string>& visitor) {
  auto rows = database.prepare(
      "SELECT former, visitor, unsigned_only FROM adoption WHERE moved = 0 AND"
      " (?1 IS NULL OR visitor = ?1) LIMIT 1");
  if (visitor) {
    rows.bind(*visitor);
  } else {
    rows.bind_null();
  }
  if (!rows.step()) return std::nullopt;
  return Adoption{rows.text(0), rows.text(1), rows.integer(2) != 0};
}

void insert_adoption(Database& database, const Adoption& adoption, bool given) {
  database.prepare("INSERT OR REPLACE INTO adoption VALUES (?, ?, ?, 0, ?)")
      .bind(adoption.former)
      .bind(adoption.visitor)
      .bind(std::int64_t{adoption.unsigned_only})
      .bind(std::int64_t{given})
      .run();
}

std::uint64_t move_jobs(Database& database, const Adoption& adoption, std::size_t count) {
  static const std::string begin =
      "UPDATE job SET visitor = ?1 WHERE number IN (SELECT number FROM job WHERE visitor = ?2 "
      "AND " +
      jobs_not_removed;
  database.prepare(begin + (adoption.unsigned_only ? " AND " + old_jobs : "") + " LIMIT ?3)")
      .bind(adoption.visitor)
      .bind(adoption.former)
      .bind(static_cast<std::int64_t>(count))
      .run();
  return database.changes();
}

void forget_if_done(Database& database, const std::string& former) {
  database.prepare("DELETE FROM adoption WHERE former = ? AND moved = 1 AND given = 1")
      .bind(former)
      .run();
}

/// Returns fewer than `count` if nothing is left. Then the adoption has ended.
std::uint64_t continue_adoption(Database& database, const Adoption& adoption, std::size_t count) {
  const std::string condition =
      results_not_removed + (adoption.unsigned_only ? " AND " + old_results_and_jobs_results : "");
  // A job moves only when no result of an old job is left, which is found by its job.
  std::uint64_t moved = move_rows(database, adoption.former, adoption.visitor, condition, count);
  if (moved < count) moved += move_jobs(database, adoption, count - moved);
  if (moved < count) {
    database.prepare("UPDATE adoption SET moved = 1 WHERE former = ?").bind(adoption.former).run();
    forget_if_done(database, adoption.former);
  }
  return moved;
}

}  // namespace

bool can_adopt(Database& database, const std::string& former, Adopted adopted) {
  const auto adopter = find_adopter(database, former);
  return adopter ? !adopter->given : has_rows(database, former, adopted);
}

bool begin_adoption(Database& database, const std::string& former, const std::string& visitor,
                    Adopted adopted) {
  if (!can_adopt(database, former, adopted)) return false;
  if (const auto adopter = find_adopter(database, former)) {
    // Nobody knows the id that has adopted so far, so what it has is the visitor's too.
    insert_adoption(database, {adopter->visitor, visitor, false}, true);
  }
  insert_adoption(database, {former, visitor, adopted == Adopted::unsigned_only}, false);
  return true;
}

std::uint64_t resume_adoptions(Database& database, std::size_t count,
                               const std::optional<std::string>& visitor) {
  std::uint64_t moved = 0;
  while (moved < count) {
    const auto adoption = find_unfinished(database, visitor);
    if (!adoption) break;
    moved += continue_adoption(database, *adoption, count - moved);
  }
  return moved;
}

void give_adoption(Database& database, const std::string& former) {
  database.prepare("UPDATE adoption SET given = 1 WHERE former = ?").bind(former).run();
  forget_if_done(database, former);
}

void forget_adoptions(Database& database) {
  database.execute(
      "DELETE FROM adoption WHERE moved = 1"
      " AND NOT EXISTS (SELECT 1 FROM recognition WHERE recognition.visitor = adoption.visitor)"
      " AND NOT EXISTS (SELECT 1 FROM job WHERE job.visitor = adoption.visitor)");
}

}  // namespace samoyed::dispatcher
