#include "dispatcher/history/sqlite_history.hpp"

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/old_rows.hpp"
#include "samoyed/protocol/limits.hpp"
#include "support/gate.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::history_row;
using test::HistoryFixture;
using test::wait_for;

namespace {

std::vector<HistoryId> ids(const HistoryPage& page) {
  std::vector<HistoryId> found;
  for (const HistoryRow& row : page.rows) found.push_back(row.id);
  return found;
}

HistoryPage find(HistoryFixture& fixture, HistoryQuery query = {}) {
  return wait_for(fixture.io, fixture.history.find(std::move(query)));
}

/// Records five rows of each visitor: `me` has the odd ids, `you` the even ones.
void record_alternately(HistoryFixture& fixture) {
  for (int count = 0; count < 5; ++count) {
    fixture.history.record(history_row("me"));
    fixture.history.record(history_row("you"));
  }
  fixture.settle();
}

}  // namespace

TEST_CASE("a recorded row is found with all its fields") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  auto row = history_row("me");
  CHECK(fixture.history.record(row));
  fixture.settle();
  row.id = 1;
  row.has_thumbnail = true;
  CHECK(wait_for(fixture.io, fixture.history.find_row(1, "me")) == row);
  row.thumbnail.clear();
  CHECK(find(fixture).rows == std::vector{row});
}

TEST_CASE("rows survive a restart, and ids keep increasing") {
  const test::TemporaryFolder folder;
  {
    HistoryFixture fixture(folder.path());
    // The rows are accepted, and nothing waits for them: the shutdown must write them.
    for (int count = 0; count < 100; ++count) CHECK(fixture.history.record(history_row("me")));
  }
  HistoryFixture fixture(folder.path());
  CHECK(find(fixture, {.visitor = {}, .before = {}, .rows_max = 200}).rows.size() == 100);
  wait_for(fixture.io, fixture.history.remove_all("me"));
  fixture.history.record(history_row("me"));
  fixture.settle();
  CHECK(ids(find(fixture)) == std::vector<HistoryId>{101});
}

TEST_CASE("rows are found by their model, page by page") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (const std::string model : {"a", "b", "a", "a", "b"}) {
    auto row = history_row("me");
    row.model = model;
    fixture.history.record(row);
    row.visitor = "you";
    fixture.history.record(row);
  }
  fixture.settle();  // `me` has 1, 3, 5, 7, 9.
  auto page = find(fixture, {.visitor = "me", .model = "a", .rows_max = 2});
  CHECK(ids(page) == std::vector<HistoryId>{7, 5});
  REQUIRE(page.next_before == 5);
  page = find(fixture, {.visitor = "me", .model = "a", .before = 5, .rows_max = 2});
  CHECK(ids(page) == std::vector<HistoryId>{1});
  CHECK_FALSE(page.next_before);
  CHECK(page.next_after == 1);
  page = find(fixture, {.visitor = "me", .model = "a", .after = 1, .rows_max = 1});
  CHECK(ids(page) == std::vector<HistoryId>{5});
  CHECK(page.next_after == 5);
  CHECK_FALSE(find(fixture, {.visitor = "me", .model = "a", .after = 7}).next_after);
  CHECK(find(fixture, {.model = "b"}).rows.size() == 4);
  CHECK(find(fixture, {.model = "c"}).rows.empty());
}

TEST_CASE("a visitor sees only their own rows, newest first, page by page") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  record_alternately(fixture);
  auto page = find(fixture, {.visitor = "me", .before = {}, .rows_max = 2});
  CHECK(ids(page) == std::vector<HistoryId>{9, 7});
  REQUIRE(page.next_before == 7);
  page = find(fixture, {.visitor = "me", .before = 7, .rows_max = 2});
  CHECK(ids(page) == std::vector<HistoryId>{5, 3});
  page = find(fixture, {.visitor = "me", .before = page.next_before, .rows_max = 2});
  CHECK(ids(page) == std::vector<HistoryId>{1});
  CHECK_FALSE(page.next_before);
  CHECK(find(fixture).rows.size() == 10);
  CHECK(wait_for(fixture.io, fixture.history.find_row(2, "you")).has_value());
  CHECK_FALSE(wait_for(fixture.io, fixture.history.find_row(2, "me")).has_value());
  CHECK(wait_for(fixture.io, fixture.history.find_row(2, std::nullopt)).has_value());
  CHECK_FALSE(wait_for(fixture.io, fixture.history.find_row(99, std::nullopt)).has_value());
}

TEST_CASE("pages lead to newer rows as well as to older ones") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  record_alternately(fixture);
  const auto mine = [&](std::optional<HistoryId> before, std::optional<HistoryId> after) {
    return find(fixture, {.visitor = "me", .before = before, .after = after, .rows_max = 2});
  };
  CHECK_FALSE(mine({}, {}).next_after);
  const auto middle = mine(7, {});
  CHECK(ids(middle) == std::vector<HistoryId>{5, 3});
  REQUIRE(middle.next_after == 5);
  const auto newest = mine({}, middle.next_after);
  CHECK(ids(newest) == std::vector<HistoryId>{9, 7});
  CHECK(newest.next_before == 7);
  CHECK_FALSE(newest.next_after);
  const auto first_ever = mine({}, 0);
  CHECK(ids(first_ever) == std::vector<HistoryId>{3, 1});
  CHECK_FALSE(first_ever.next_before);
  CHECK(first_ever.next_after == 3);
  CHECK(mine({}, 9) == HistoryPage{});
}

TEST_CASE("a page has 1 to 200 rows, however many are requested") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (int count = 0; count < 201; ++count) fixture.history.record(history_row("me"));
  fixture.settle();
  CHECK(find(fixture, {.visitor = {}, .before = {}, .rows_max = 100000}).rows.size() == 200);
  CHECK(find(fixture, {.visitor = {}, .before = {}, .rows_max = 0}).rows.size() == 1);
}

TEST_CASE("deleting a visitor's rows also deletes rows that were just recorded") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  fixture.history.record(history_row("me"));
  fixture.history.record(history_row("you"));
  fixture.history.record(history_row("me"));
  CHECK(wait_for(fixture.io, fixture.history.remove_all("me")) == 2);
  CHECK(ids(find(fixture)) == std::vector<HistoryId>{2});
  auto thumbnails = [](Database& database) {
    auto row = database.prepare("SELECT count(*) FROM thumbnail");
    row.step();
    return row.integer(0);
  };
  CHECK(wait_for(fixture.io, fixture.reader.run(thumbnails)) == 1);
}

TEST_CASE("an empty visitor can't delete the rows that have no visitor") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  fixture.history.record(history_row(""));
  fixture.settle();
  CHECK(wait_for(fixture.io, fixture.history.remove_all("")) == 0);
  fixture.settle();
  CHECK(find(fixture).rows.size() == 1);
}

TEST_CASE("200 concurrent recorders lose no row") {
  const test::TemporaryFolder folder;
  constexpr int recorders = 200;
  constexpr int rows_each = 50;
  {
    HistoryFixture fixture(folder.path());
    test::Gate start;
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (int number = 0; number < recorders; ++number) {
      threads.emplace_back([&, number] {
        start.wait();
        for (int count = 0; count < rows_each; ++count) {
          auto row = history_row("visitor " + std::to_string(number));
          row.file_name = std::to_string(count);
          if (!fixture.history.record(std::move(row))) ++refused;
        }
      });
    }
    start.open();
    const test::Wait wait("all recorders to end");
    for (auto& thread : threads) thread.join();
    CHECK(refused == 0);
    CHECK(fixture.history.dropped() == 0);
  }
  HistoryFixture fixture(folder.path());
  std::set<std::pair<std::string, std::string>> seen;
  HistoryQuery query{.visitor = {}, .before = {}, .rows_max = 200};
  do {
    const auto page = find(fixture, query);
    for (const HistoryRow& row : page.rows) seen.emplace(row.visitor, row.file_name);
    query.before = page.next_before;
  } while (query.before);
  CHECK(seen.size() == recorders * rows_each);
}

TEST_CASE("rows beyond the queue's limit are dropped and counted, without waiting") {
  const test::TemporaryFolder folder;
  DatabaseThread::Limits limits{};
  SECTION("by number") { limits.tasks_max = 3; }
  SECTION("by bytes") { limits.bytes_max = 3 * held_bytes(history_row("me")) + 10; }
  HistoryFixture fixture(folder.path(), limits);
  test::Gate entered;
  test::Gate gate;
  // This task blocks the writer.
  auto hold = [&](Database&) {
    entered.open();
    gate.wait();
  };
  REQUIRE(fixture.writer.post({.run = hold, .done = {}}));
  REQUIRE(entered.wait());
  int taken = 0;
  for (int count = 0; count < 10; ++count) taken += fixture.history.record(history_row("me"));
  // There is still room for tasks that are awaited.
  test::Gate answered;
  CHECK(fixture.writer.post({.run = [](Database&) {},
                             .done =
                                 [&](std::exception_ptr failure) {
                                   if (!failure) answered.open();
                                 }}));
  gate.open();
  CHECK(answered.wait());
  CHECK(taken == (limits.tasks_max == 3 ? 2 : 3));
  CHECK(fixture.history.dropped() == static_cast<std::uint64_t>(10 - taken));
  fixture.settle();
  CHECK(std::ssize(find(fixture).rows) == taken);
  // The rows that were written make room for others, soon after they have been acknowledged.
  const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  bool room_again = false;
  while (!room_again && std::chrono::steady_clock::now() < give_up_at) {
    room_again = fixture.history.record(history_row("me"));
    std::this_thread::yield();
  }
  CHECK(room_again);
}

TEST_CASE("a waiting row counts with its thumbnail and labels") {
  HistoryRow row = history_row("me");
  const std::size_t before = held_bytes(row);
  row.thumbnail.append(1000, 'x');
  row.top.push_back({std::string(100, 'b'), 1, 0});
  CHECK(held_bytes(row) >= before + 1100);
}

TEST_CASE("text beyond the history's limits is cut between two characters") {
  auto row = history_row("me");
  row.file_name = std::string(history_text_bytes_max - 1, 'a') + "\xc3\xa4";
  row.model = std::string(protocol::model_name_bytes_max, 'm');
  row.top.assign(1000, {std::string(300, 'b'), 1, 0});
  row.thumbnail.assign(history_thumbnail_bytes_max + 1, 'x');
  row = within_limits(std::move(row));
  CHECK(row.file_name == std::string(history_text_bytes_max - 1, 'a'));
  CHECK(row.model == std::string(protocol::model_name_bytes_max, 'm'));
  CHECK(row.top.size() == history_labels_max);
  CHECK(row.top[0].label.size() == history_text_bytes_max);
  CHECK(row.thumbnail.empty());
  CHECK_FALSE(row.has_thumbnail);
  CHECK(cut_text(std::string(400, '\x80')).size() == history_text_bytes_max);
}

TEST_CASE("old rows are removed in batches, by age and by number") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  for (int time_ms = 1; time_ms <= 10; ++time_ms) {
    HistoryRow row = history_row("me", time_ms);
    row.thumbnail = "jpeg";
    insert_row(database, row);
  }
  const auto left = [&] { return find_rows(database, {}).rows.size(); };
  const auto thumbnails_left = [&] {
    auto count = database.prepare("SELECT count(*) FROM thumbnail");
    return count.step() ? count.integer(0) : 0;
  };
  CHECK(remove_old_rows(database, 4, 100, 2) == 2);
  CHECK(remove_old_rows(database, 4, 100, 2) == 1);
  CHECK(remove_old_rows(database, 4, 100, 2) == 0);
  CHECK(left() == 7);
  CHECK(thumbnails_left() == 7);
  CHECK(remove_old_rows(database, 4, 4, 2) == 2);
  CHECK(remove_old_rows(database, 4, 4, 2) == 1);
  CHECK(remove_old_rows(database, 4, 4, 2) == 0);
  CHECK(ids(find_rows(database, {})) == std::vector<HistoryId>{10, 9, 8, 7});
  // Gaps in the ids don't count as rows.
  database.execute("DELETE FROM recognition WHERE id IN (8, 9)");
  CHECK(remove_old_rows(database, 4, 2, 5) == 0);
}

TEST_CASE("damaged rows are left out and counted, and the pages go on behind them") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (int time_ms = 1; time_ms <= 6; ++time_ms) {
    fixture.history.record(history_row("me", time_ms));
  }
  fixture.settle();
  wait_for(fixture.io, fixture.writer.run([](Database& database) {
    database.execute("UPDATE recognition SET top = '[{\"label\":' WHERE id IN (2, 3, 5)");
    return true;
  }));
  std::vector<HistoryId> found;
  HistoryQuery query{.rows_max = 2};
  for (bool more = true; more; more = query.before.has_value()) {
    const HistoryPage page = wait_for(fixture.io, fixture.history.find(query));
    for (const HistoryRow& row : page.rows) found.push_back(row.id);
    query.before = page.next_before;
  }
  CHECK(found == std::vector<HistoryId>{6, 4, 1});
  CHECK(fixture.history.unreadable() == 3);
  const HistoryPage upwards =
      wait_for(fixture.io, fixture.history.find({.after = 1, .rows_max = 3}));
  CHECK(ids(upwards) == std::vector<HistoryId>{4});
  CHECK(upwards.next_after == 4);
  CHECK(!wait_for(fixture.io, fixture.history.find_row(2, std::nullopt)));
}

TEST_CASE("a page is found by an index, a visitor's by the visitor's own") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  const auto plan = [&](const HistoryQuery& query) {
    auto row = database.prepare("EXPLAIN QUERY PLAN " + page_sql(query));
    return row.step() ? row.text(3) : std::string();
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(plan({.model = "tiny"}), Contains("INDEX recognition_model"));
  CHECK_THAT(plan({.visitor = "me"}), Contains("INDEX recognition_visitor"));
  for (const auto& after : {std::optional<HistoryId>(), std::optional<HistoryId>(7)}) {
    const HistoryQuery query{.visitor = "me", .model = "tiny", .after = after};
    CHECK_THAT(plan(query), Contains("INDEX recognition_visitor"));
  }
  CHECK_THAT(plan({}), Contains("PRIMARY KEY"));
}
