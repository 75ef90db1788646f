#include "dispatcher/history/adoption_rows.hpp"

#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/removals.hpp"
#include "dispatcher/history/statistics_rows.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

/// A history with one result and one waiting job of `me` from before ids were signed, and one of
/// each from later.
struct UpgradedHistory {
  UpgradedHistory() {
    insert_row(database, test::history_row("me"));
    insert_job("old job");
    database.execute(
        "UPDATE unsigned_until SET id = (SELECT max(id) FROM recognition),"
        " job = (SELECT max(number) FROM job)");
    insert_row(database, test::history_row("me"));
    insert_job("new job");
  }
  void insert_job(const std::string& id) {
    database.execute(
        "INSERT INTO job (id, state, submitted_ms, changed_ms, due_ms, visitor, client, request_id,"
        " file_name, image_bytes, model, attempts, reason, detail)"
        " VALUES ('" +
        id + "', 0, 0, 0, 0, 'me', '::1', 'r', 'f', 1, '', 0, '', '')");
  }
  std::int64_t count(const std::string& table, const std::string& visitor) {
    auto rows = database.prepare("SELECT count(*) FROM " + table + " WHERE visitor = ?");
    rows.bind(visitor).step();
    return rows.integer(0);
  }

  test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
};

/// Adopts in pieces of one row. The visitor learns the new id.
bool adopt(Database& database, const std::string& former, const std::string& visitor,
           Adopted adopted) {
  if (!begin_adoption(database, former, visitor, adopted)) return false;
  while (resume_adoptions(database, 1) == 1) {
  }
  give_adoption(database, former);
  return true;
}

std::int64_t adoptions(Database& database) {
  auto rows = database.prepare("SELECT count(*) FROM adoption");
  return rows.step() ? rows.integer(0) : -1;
}

}  // namespace

TEST_CASE("what is from before ids were signed moves to the new id once") {
  UpgradedHistory history;
  CHECK(can_adopt(history.database, "me", Adopted::unsigned_only));
  CHECK(adopt(history.database, "me", "new me", Adopted::unsigned_only));
  CHECK(history.count("recognition", "new me") == 1);
  CHECK(history.count("job", "new me") == 1);
  CHECK(!can_adopt(history.database, "me", Adopted::unsigned_only));
  CHECK(!adopt(history.database, "me", "another", Adopted::unsigned_only));
  CHECK(history.count("recognition", "another") == 0);
  CHECK(history.count("recognition", "me") == 1);
  CHECK(history.count("job", "me") == 1);
}

TEST_CASE("a visitor with nothing but an unfinished job is adopted, and its result follows") {
  UpgradedHistory history;
  history.database.execute("DELETE FROM recognition");
  CHECK(can_adopt(history.database, "me", Adopted::unsigned_only));
  SECTION("the job ended before the adoption") {
    const HistoryId result = insert_row(history.database, test::history_row("me"));
    history.database.execute("UPDATE job SET state = 2, recognition = " + std::to_string(result) +
                             " WHERE id = 'old job'");
    CHECK(adopt(history.database, "me", "new me", Adopted::unsigned_only));
    CHECK(history.count("recognition", "new me") == 1);
  }
  SECTION("the job goes on") {
    CHECK(adopt(history.database, "me", "new me", Adopted::unsigned_only));
  }
  CHECK(history.count("job", "new me") == 1);
  CHECK(history.count("job", "me") == 1);
}

TEST_CASE("everything of a visitor can move, and nothing of others does") {
  UpgradedHistory history;
  insert_row(history.database, test::history_row("you"));
  CHECK(!can_adopt(history.database, "nobody", Adopted::all));
  CHECK(!adopt(history.database, "nobody", "new me", Adopted::all));
  CHECK(can_adopt(history.database, "me", Adopted::all));
  CHECK(adopt(history.database, "me", "new me", Adopted::all));
  CHECK(history.count("recognition", "new me") == 2);
  CHECK(history.count("job", "new me") == 2);
  CHECK(history.count("recognition", "you") == 1);
}

TEST_CASE("the history adopts through its threads") {
  const test::TemporaryFolder folder;
  test::HistoryFixture fixture(folder.path());
  fixture.history.record(test::history_row("me"));
  fixture.settle();
  CHECK(!test::wait_for(fixture.io, fixture.history.adopt("nobody", "new", Adopted::all)));
  CHECK(!test::wait_for(fixture.io, fixture.history.adopt("me", "new", Adopted::unsigned_only)));
  CHECK(test::wait_for(fixture.io, fixture.history.adopt("me", "new", Adopted::all)));
  CHECK(test::wait_for(fixture.io, fixture.history.find({.visitor = "new"})).rows.size() == 1);
  // The new id was lost. Once the visitor has got one, nobody else does.
  CHECK(test::wait_for(fixture.io, fixture.history.adopt("me", "newer", Adopted::all)));
  CHECK(test::wait_for(fixture.io, fixture.history.find({.visitor = "newer"})).rows.size() == 1);
  fixture.history.confirm_adoption("me");
  fixture.settle();
  CHECK(!test::wait_for(fixture.io, fixture.history.adopt("me", "newest", Adopted::all)));
}

TEST_CASE("adopting many rows lets other writers in between") {
  const test::TemporaryFolder folder;
  test::HistoryFixture fixture(folder.path());
  constexpr std::size_t rows = 5 * adopted_rows_max;
  for (std::size_t count = 0; count < rows; ++count) {
    fixture.history.record(test::history_row("me"));
  }
  fixture.settle();
  std::optional<std::size_t> left;
  auto count_left = [](Database& database) {
    auto row = database.prepare("SELECT count(*) FROM recognition WHERE visitor = 'me'");
    return row.step() ? static_cast<std::size_t>(row.integer(0)) : 0;
  };
  asio::co_spawn(fixture.io, fixture.history.adopt("me", "new", Adopted::all),
                 [&](std::exception_ptr, bool) {
                   asio::co_spawn(fixture.io, fixture.writer.run(count_left),
                                  [&](std::exception_ptr, std::size_t count) { left = count; });
                 });
  const test::Wait wait("an adoption in pieces");
  fixture.io.restart();
  fixture.io.run();
  REQUIRE(left);
  CHECK(*left > 0);
  CHECK(*left < rows);
  CHECK(test::wait_for(fixture.io, fixture.writer.run(count_left)) == 0);
}

TEST_CASE("an adoption that was interrupted goes on") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  {
    Database database = open_history(file);
    for (int count = 0; count < 5; ++count) insert_row(database, test::history_row("me"));
    REQUIRE(begin_adoption(database, "me", "new", Adopted::all));
    CHECK(resume_adoptions(database, 2) == 2);
    give_adoption(database, "me");
  }
  Database database = open_history(file);
  // What is left is not for another id.
  CHECK(!can_adopt(database, "me", Adopted::all));
  CHECK(resume_adoptions(database, 2) == 2);
  CHECK(resume_adoptions(database, 2) == 1);
  CHECK(find_rows(database, {.visitor = "new"}).rows.size() == 5);
  CHECK(adoptions(database) == 0);
}

TEST_CASE("what an id has adopted that nobody learned goes to the next one") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  for (int count = 0; count < 5; ++count) insert_row(database, test::history_row("me"));
  REQUIRE(begin_adoption(database, "me", "lost", Adopted::all));
  const std::size_t moved_before = GENERATE(std::size_t{0}, std::size_t{2}, std::size_t{10});
  if (moved_before > 0) resume_adoptions(database, moved_before);
  REQUIRE(can_adopt(database, "me", Adopted::all));
  CHECK(adopt(database, "me", "found", Adopted::all));
  CHECK(find_rows(database, {.visitor = "found"}).rows.size() == 5);
  CHECK(!can_adopt(database, "me", Adopted::all));
  CHECK(adoptions(database) == 0);
}

TEST_CASE("an adoption whose new id nobody learned is forgotten with its last row") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  insert_row(database, test::history_row("me"));
  REQUIRE(begin_adoption(database, "me", "new", Adopted::all));
  resume_adoptions(database, 10);
  forget_adoptions(database);
  CHECK(adoptions(database) == 1);
  database.execute("DELETE FROM thumbnail; DELETE FROM recognition");
  forget_adoptions(database);
  CHECK(adoptions(database) == 0);
}

TEST_CASE("a visitor's results that have not moved yet are removed too") {
  const test::TemporaryFolder folder;
  test::HistoryFixture fixture(folder.path());
  for (int count = 0; count < 3; ++count) fixture.history.record(test::history_row("me"));
  fixture.settle();
  auto begin = [](Database& database) {
    return begin_adoption(database, "me", "new", Adopted::all);
  };
  REQUIRE(test::wait_for(fixture.io, fixture.writer.run(begin)));
  CHECK(test::wait_for(fixture.io, fixture.history.remove_all("new")) == 3);
  CHECK(test::wait_for(fixture.io, fixture.history.find({})).rows.empty());
}

TEST_CASE("statistics follow the results to the new id") {
  UpgradedHistory history;
  const auto count = [&](const std::string& visitor) {
    const HistoryStatisticsQuery query{
        .visitor = visitor, .until_ms = statistics_interval_ms, .buckets = 1};
    return find_statistics(history.database, query).rows;
  };
  REQUIRE(count("me") == 2);
  adopt(history.database, "me", "new me", Adopted::unsigned_only);
  CHECK(count("me") == 1);
  CHECK(count("new me") == 1);
  adopt(history.database, "me", "new me", Adopted::all);
  CHECK(count("me") == 0);
  CHECK(count("new me") == 2);
}

TEST_CASE("results that are being removed don't move to the new id") {
  UpgradedHistory history;
  begin_removal(history.database, "me");
  CHECK(adopt(history.database, "me", "new me", Adopted::all));
  insert_row(history.database, test::history_row("new me"));
  resume_removals(history.database, removed_rows_max);
  CHECK(history.count("recognition", "me") == 0);
  CHECK(history.count("recognition", "new me") == 1);
  CHECK(history.count("job", "new me") == 2);
}
