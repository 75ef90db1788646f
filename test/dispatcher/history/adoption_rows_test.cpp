#include "dispatcher/history/adoption_rows.hpp"

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

}  // namespace

TEST_CASE("what is from before ids were signed moves to the new id once") {
  UpgradedHistory history;
  CHECK(has_adoptable_rows(history.database, "me", Adopted::unsigned_only));
  CHECK(adopt_rows(history.database, "me", "new me", Adopted::unsigned_only));
  CHECK(history.count("recognition", "new me") == 1);
  CHECK(history.count("job", "new me") == 1);
  CHECK(!has_adoptable_rows(history.database, "me", Adopted::unsigned_only));
  CHECK(!adopt_rows(history.database, "me", "another", Adopted::unsigned_only));
  CHECK(history.count("recognition", "another") == 0);
  CHECK(history.count("recognition", "me") == 1);
  CHECK(history.count("job", "me") == 1);
}

TEST_CASE("a visitor with nothing but an unfinished job is adopted, and its result follows") {
  UpgradedHistory history;
  history.database.execute("DELETE FROM recognition");
  CHECK(has_adoptable_rows(history.database, "me", Adopted::unsigned_only));
  SECTION("the job ended before the adoption") {
    const HistoryId result = insert_row(history.database, test::history_row("me"));
    history.database.execute("UPDATE job SET state = 2, recognition = " + std::to_string(result) +
                             " WHERE id = 'old job'");
    CHECK(adopt_rows(history.database, "me", "new me", Adopted::unsigned_only));
    CHECK(history.count("recognition", "new me") == 1);
  }
  SECTION("the job goes on") {
    CHECK(adopt_rows(history.database, "me", "new me", Adopted::unsigned_only));
  }
  CHECK(history.count("job", "new me") == 1);
  CHECK(history.count("job", "me") == 1);
}

TEST_CASE("everything of a visitor can move, and nothing of others does") {
  UpgradedHistory history;
  insert_row(history.database, test::history_row("you"));
  CHECK(!has_adoptable_rows(history.database, "nobody", Adopted::all));
  CHECK(!adopt_rows(history.database, "nobody", "new me", Adopted::all));
  CHECK(has_adoptable_rows(history.database, "me", Adopted::all));
  CHECK(adopt_rows(history.database, "me", "new me", Adopted::all));
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
}

TEST_CASE("statistics follow the results to the new id") {
  UpgradedHistory history;
  const auto count = [&](const std::string& visitor) {
    const HistoryStatisticsQuery query{
        .visitor = visitor, .until_ms = statistics_interval_ms, .buckets = 1};
    return find_statistics(history.database, query).rows;
  };
  REQUIRE(count("me") == 2);
  adopt_rows(history.database, "me", "new me", Adopted::unsigned_only);
  CHECK(count("me") == 1);
  CHECK(count("new me") == 1);
  adopt_rows(history.database, "me", "new me", Adopted::all);
  CHECK(count("me") == 0);
  CHECK(count("new me") == 2);
}

TEST_CASE("results that are being removed are removed under the new id too") {
  UpgradedHistory history;
  begin_removal(history.database, "me");
  adopt_rows(history.database, "me", "new me", Adopted::all);
  insert_row(history.database, test::history_row("new me"));
  resume_removals(history.database, removed_rows_max);
  CHECK(history.count("recognition", "new me") == 1);
}
