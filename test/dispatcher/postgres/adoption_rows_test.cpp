#include "dispatcher/postgres/adoption_rows.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "dispatcher/postgres/postgres_server.hpp"
#include "dispatcher/postgres/recognition_rows.hpp"
#include "dispatcher/postgres/removal_rows.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using test::history_row;
using test::make_tables;

namespace {

constexpr int many = static_cast<int>(piece_rows_max) + 500;

/// Inserts results of `me` for which there are no thumbnails.
void insert_results(Connection& connection, int rows) {
  HistoryRow row = history_row("me");
  row.thumbnail.clear();
  Transaction transaction(connection);
  for (int number = 0; number < rows; ++number) insert_row(connection, row);
  transaction.commit();
}

std::int64_t results_of(Connection& connection, const std::string& visitor) {
  return connection
      .run("SELECT count(*) FROM recognition WHERE visitor = $1", Params().add(visitor))
      .integer(0, 0);
}

std::int64_t adoptions(Connection& connection) {
  return connection.run("SELECT count(*) FROM adoption").integer(0, 0);
}

void continue_to_the_end(Connection& connection) {
  while (continue_adoptions(connection)) {
  }
}

}  // namespace

TEST_CASE("an adoption moves in pieces, which any dispatcher continues") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_results(*connection, many);
  CHECK(begin_adoption(*connection, "me", "new"));
  CHECK(results_of(*connection, "new") == static_cast<std::int64_t>(piece_rows_max));
  give_adoption(*connection, "me");
  // What is left is not for another id.
  CHECK_FALSE(can_adopt(*connection, "me"));
  CHECK_FALSE(begin_adoption(*connection, "me", "another"));
  CHECK_FALSE(continue_adoptions(*connection));
  CHECK(results_of(*connection, "new") == many);
  CHECK(adoptions(*connection) == 0);
}

TEST_CASE("what an id has adopted in PostgreSQL that nobody learned goes to the next one") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_results(*connection, many);
  REQUIRE(begin_adoption(*connection, "me", "lost"));
  SECTION("before everything has moved") {}
  SECTION("after everything has moved") { continue_to_the_end(*connection); }
  REQUIRE(can_adopt(*connection, "me"));
  CHECK(begin_adoption(*connection, "me", "found"));
  give_adoption(*connection, "me");
  continue_to_the_end(*connection);
  CHECK(results_of(*connection, "found") == many);
  CHECK_FALSE(can_adopt(*connection, "me"));
  CHECK(adoptions(*connection) == 0);
}

TEST_CASE("an adoption in PostgreSQL whose new id nobody learned is forgotten with its last row") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_results(*connection, 1);
  REQUIRE(begin_adoption(*connection, "me", "new"));
  forget_adoptions(*connection);
  CHECK(adoptions(*connection) == 1);
  connection->execute("DELETE FROM recognition");
  forget_adoptions(*connection);
  CHECK(adoptions(*connection) == 0);
}

TEST_CASE("what is being removed in PostgreSQL isn't adopted") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_results(*connection, 2);
  connection->execute(
      "INSERT INTO job_end SELECT n, n, 3, '', 1, 1, 0, 0, 'me', '', 1, '', '', NULL"
      " FROM generate_series(1, 2) AS n");
  const Removal removal = begin_removal(*connection, "me");
  CHECK(removal.rows == 2);
  insert_results(*connection, 1);
  CHECK(begin_adoption(*connection, "me", "new"));
  CHECK_FALSE(continue_removal(*connection, removal));
  CHECK(results_of(*connection, "me") == 0);
  CHECK(results_of(*connection, "new") == 1);
  CHECK(connection->run("SELECT count(*) FROM job_end").integer(0, 0) == 0);
}

TEST_CASE("a removal that nobody has continued for a minute is taken over once") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_results(*connection, many);
  const Removal begun = begin_removal(*connection, "me");
  CHECK_FALSE(take_abandoned_removal(*connection));
  connection->execute("UPDATE removal SET changed_ms = now_ms() - 60001");
  const auto taken = take_abandoned_removal(*connection);
  REQUIRE(taken);
  CHECK(taken->number == begun.number);
  CHECK(taken->newest_row == many);
  CHECK_FALSE(take_abandoned_removal(*connection));
  CHECK(continue_removal(*connection, *taken));
  CHECK_FALSE(continue_removal(*connection, *taken));
  CHECK(results_of(*connection, "me") == 0);
  CHECK(connection->run("SELECT count(*) FROM removal").integer(0, 0) == 0);
}
