#include "dispatcher/postgres/adoption_rows.hpp"

#include "dispatcher/postgres/advisory_locks.hpp"
#include "dispatcher/postgres/removal_rows.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

struct Adoption {
  std::string former;
  std::string visitor;
};

/// What is moved, in this order. The jobs first: a result is inserted for the visitor that its job
/// has at that moment, so those for the former one are there before the results move.
const std::string move_statements[] = {
    "UPDATE job SET visitor = $2 WHERE number IN (SELECT number FROM job WHERE visitor = $1"
    " ORDER BY number LIMIT $3)",
    "UPDATE job_end SET visitor = $2 WHERE number IN (SELECT number FROM job_end WHERE"
    " visitor = $1 AND NOT EXISTS (SELECT FROM removal WHERE removal.visitor = $1 AND"
    " job_end.number <= newest_job AND (recognition IS NULL OR recognition <= newest_row))"
    " ORDER BY number LIMIT $3)",
    "UPDATE recognition SET visitor = $2 WHERE id IN (SELECT id FROM recognition WHERE"
    " visitor = $1 AND id > coalesce((SELECT max(newest_row) FROM removal WHERE"
    " removal.visitor = $1), 0) ORDER BY id LIMIT $3)"};

std::optional<Adoption> find_unfinished(Connection& connection,
                                        const std::optional<std::string>& visitor) {
  std::string sql = "SELECT former, visitor FROM adoption WHERE NOT moved";
  Params params;
  if (visitor) {
    sql += " AND visitor = $1";
    params.add(*visitor);
  }
  const Result found = connection.run(sql + " LIMIT 1", params);
  if (found.rows() == 0) return std::nullopt;
  return Adoption{.former = found.text(0, 0), .visitor = found.text(0, 1)};
}

void forget_if_done(Connection& connection, const std::string& former) {
  connection.run("DELETE FROM adoption WHERE former = $1 AND moved AND given",
                 Params().add(former));
}

/// Returns how many rows it moved: fewer than `count` if none are left. Then the adoption has
/// ended.
std::uint64_t continue_adoption(Connection& connection, const Adoption& adoption,
                                std::uint64_t count) {
  std::uint64_t moved = 0;
  for (const std::string& statement : move_statements) {
    if (moved == count) return moved;
    const Params params = Params()
                              .add(adoption.former)
                              .add(adoption.visitor)
                              .add(static_cast<std::int64_t>(count - moved));
    moved += connection.run(statement, params).changed();
  }
  if (moved < count) {
    connection.run("UPDATE adoption SET moved = true WHERE former = $1",
                   Params().add(adoption.former));
    forget_if_done(connection, adoption.former);
  }
  return moved;
}

/// Must run within a transaction that holds the lock.
bool move_piece(Connection& connection, const std::optional<std::string>& visitor) {
  std::uint64_t moved = 0;
  while (moved < piece_rows_max) {
    const auto adoption = find_unfinished(connection, visitor);
    if (!adoption) return false;
    moved += continue_adoption(connection, *adoption, piece_rows_max - moved);
  }
  return true;
}

}  // namespace

bool can_adopt(Connection& connection, const std::string& former) {
  const Result found = connection.run(
      "SELECT coalesce((SELECT NOT given FROM adoption WHERE former = $1),"
      " EXISTS (SELECT FROM recognition WHERE visitor = $1) OR"
      " EXISTS (SELECT FROM job WHERE visitor = $1) OR"
      " EXISTS (SELECT FROM job_end WHERE visitor = $1))",
      Params().add(former));
  return found.boolean(0, 0);
}

bool begin_adoption(Connection& connection, const std::string& former, const std::string& visitor) {
  Transaction transaction(connection);
  connection.run(take_ownership_lock);
  if (!can_adopt(connection, former)) return false;
  const Params params = Params().add(former).add(visitor);
  // Nobody knows the id that may have adopted so far, so what it has is the visitor's too.
  connection.run(
      "INSERT INTO adoption (former, visitor, moved, given) SELECT visitor, $2, false, true FROM"
      " adoption WHERE former = $1 ON CONFLICT (former) DO UPDATE SET visitor = excluded.visitor,"
      " moved = false, given = true",
      params);
  connection.run(
      "INSERT INTO adoption (former, visitor, moved, given) VALUES ($1, $2, false, false)"
      " ON CONFLICT (former) DO UPDATE SET visitor = excluded.visitor, moved = false,"
      " given = false",
      params);
  move_piece(connection, visitor);
  transaction.commit();
  return true;
}

bool continue_adoptions(Connection& connection, const std::optional<std::string>& visitor) {
  Transaction transaction(connection);
  connection.run(take_ownership_lock);
  const bool more = move_piece(connection, visitor);
  transaction.commit();
  return more;
}

void give_adoption(Connection& connection, const std::string& former) {
  connection.run("UPDATE adoption SET given = true WHERE former = $1", Params().add(former));
  forget_if_done(connection, former);
}

void forget_adoptions(Connection& connection) {
  connection.run(
      "DELETE FROM adoption WHERE moved"
      " AND NOT EXISTS (SELECT FROM recognition WHERE recognition.visitor = adoption.visitor)"
      " AND NOT EXISTS (SELECT FROM job WHERE job.visitor = adoption.visitor)"
      " AND NOT EXISTS (SELECT FROM job_end WHERE job_end.visitor = adoption.visitor)");
}

}  // namespace samoyed::dispatcher::postgres
