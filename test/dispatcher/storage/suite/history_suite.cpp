// What a history must do, whichever store it is in. Each test program of a store links this file.

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/storage/suite/store_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::history_row;
using test::StoreFixture;

namespace {

using Ids = std::vector<HistoryId>;

Ids ids(const HistoryPage& page) {
  Ids found;
  for (const HistoryRow& row : page.rows) found.push_back(row.id);
  return found;
}

/// Records rows of each visitor in turn: `me` has the odd ids, `you` the even ones.
void record_alternately(StoreFixture& store, int count) {
  for (int time_ms = 1; time_ms <= count; ++time_ms) {
    store.history().record(history_row("me", time_ms));
    store.history().record(history_row("you", time_ms));
  }
  store.settle();
}

}  // namespace

TEST_CASE("store: a recorded row is found with all its fields, also after a restart") {
  StoreFixture store;
  if (!store.is_there()) return;
  auto row = history_row("me");
  CHECK(store.history().record(row));
  // Nothing waits for the row: the shutdown must write it.
  store.reopen();
  row.id = 1;
  row.has_thumbnail = true;
  CHECK(store.await(store.history().find_row(1, "me")) == row);
  CHECK(store.await(store.history().find_row(1, std::nullopt)) == row);
  CHECK_FALSE(store.await(store.history().find_row(1, "you")));
  CHECK_FALSE(store.await(store.history().find_row(2, std::nullopt)));
  row.thumbnail.clear();
  CHECK(store.page().rows == std::vector{row});
  CHECK(store.history().dropped() == 0);
}

TEST_CASE("store: text of any bytes can be recorded") {
  StoreFixture store;
  if (!store.is_there()) return;
  auto row = history_row("me");
  row.file_name = std::string("a\0b\xff\"\\{}'", 9);
  row.top = {{"x\xff", 1, 0.1}};
  CHECK(store.history().record(row));
  store.settle();
  const auto page = store.page({.visitor = "me"});
  REQUIRE(page.rows.size() == 1);
  CHECK(page.rows[0].file_name.ends_with("\"\\{}'"));
  CHECK(page.unreadable == 0);
  CHECK(store.history().dropped() == 0);
}

TEST_CASE("store: a visitor sees only their own rows, newest first, page by page") {
  StoreFixture store;
  if (!store.is_there()) return;
  record_alternately(store, 5);
  auto page = store.page({.visitor = "me", .rows_max = 2});
  CHECK(ids(page) == Ids{9, 7});
  CHECK_FALSE(page.next_after);
  REQUIRE(page.next_before == 7);
  page = store.page({.visitor = "me", .before = 7, .rows_max = 2});
  CHECK(ids(page) == Ids{5, 3});
  CHECK(page.next_after == 5);
  CHECK(ids(store.page({.visitor = "me", .after = 5, .rows_max = 2})) == Ids{9, 7});
  page = store.page({.visitor = "me", .before = 3, .rows_max = 2});
  CHECK(ids(page) == Ids{1});
  CHECK_FALSE(page.next_before);
  page = store.page({.visitor = "me", .after = 0, .rows_max = 2});
  CHECK(ids(page) == Ids{3, 1});
  CHECK_FALSE(page.next_before);
  CHECK(page.next_after == 3);
  CHECK(store.page({.visitor = "me", .after = 9}) == HistoryPage{});
  CHECK(store.page().rows.size() == 10);
  CHECK(store.page({.rows_max = 0}).rows.size() == 1);
}

TEST_CASE("store: rows are found by their model") {
  StoreFixture store;
  if (!store.is_there()) return;
  for (const std::string model : {"a", "b", "a"}) {
    auto row = history_row("me");
    row.model = model;
    store.history().record(row);
  }
  store.settle();
  auto page = store.page({.visitor = "me", .model = "a", .rows_max = 1});
  CHECK(ids(page) == Ids{3});
  CHECK(page.next_before == 3);
  page = store.page({.visitor = "me", .model = "a", .before = 3, .rows_max = 1});
  CHECK(ids(page) == Ids{1});
  CHECK_FALSE(page.next_before);
  CHECK(page.next_after == 1);
  CHECK(ids(store.page({.model = "b"})) == Ids{2});
  CHECK(store.page({.model = "c"}).rows.empty());
}

TEST_CASE("store: deleting a visitor's rows deletes also those that were just recorded") {
  StoreFixture store;
  if (!store.is_there()) return;
  store.history().record(history_row("me"));
  store.history().record(history_row("you"));
  store.history().record(history_row("me"));
  store.history().record(history_row(""));
  CHECK(store.await(store.history().remove_all("me")) == 2);
  CHECK(store.await(store.history().remove_all("")) == 0);
  CHECK(ids(store.page()) == Ids{4, 2});
  CHECK_FALSE(store.await(store.history().find_row(1, std::nullopt)));
  // No id is used twice.
  store.history().record(history_row("me"));
  store.settle();
  CHECK(ids(store.page({.visitor = "me"})) == Ids{5});
}

TEST_CASE("store: a visitor's results and jobs are given to another id") {
  StoreFixture store;
  if (!store.is_there()) return;
  record_alternately(store, 2);
  const auto id = store.submit({"dog"}).front();
  CHECK_FALSE(store.await(store.history().adopt("nobody", "them", Adopted::all)));
  CHECK_FALSE(store.await(store.history().adopt("me", "them", Adopted::unsigned_only)));
  CHECK(store.await(store.history().adopt("me", "them", Adopted::all)));
  CHECK(store.page({.visitor = "me"}).rows.empty());
  CHECK(ids(store.page({.visitor = "them"})) == Ids{3, 1});
  CHECK(ids(store.page({.visitor = "you"})) == Ids{4, 2});
  // The result of the job follows it, although the runner knows only the former visitor.
  const auto claimed = store.claim(1);
  REQUIRE(claimed.size() == 1);
  CHECK(store.await(store.jobs().finish(claimed[0].token, history_row("me"))));
  CHECK(store.find(id)->result->visitor == "them");
  CHECK(store.page({.visitor = "me"}).rows.empty());
}

TEST_CASE("store: results that a new id got go to another one until a visitor has learned it") {
  StoreFixture store;
  if (!store.is_there()) return;
  record_alternately(store, 1);
  CHECK(store.await(store.history().adopt("me", "lost", Adopted::all)));
  CHECK(store.await(store.history().adopt("me", "found", Adopted::all)));
  CHECK(store.page({.visitor = "lost"}).rows.empty());
  CHECK(ids(store.page({.visitor = "found"})) == Ids{1});
  store.history().confirm_adoption("me");
  store.reopen();
  CHECK_FALSE(store.await(store.history().adopt("me", "another", Adopted::all)));
  CHECK(ids(store.page({.visitor = "found"})) == Ids{1});
}

TEST_CASE("store: more results than one transaction moves are adopted, and all can be deleted") {
  StoreFixture store;
  if (!store.is_there()) return;
  auto row = history_row("me");
  row.thumbnail.clear();
  constexpr int rows = 1200;
  for (int count = 0; count < rows; ++count) CHECK(store.history().record(row));
  store.settle();
  CHECK(store.await(store.history().adopt("me", "them", Adopted::all)));
  CHECK(store.page({.visitor = "me"}).rows.empty());
  CHECK(store.page({.visitor = "them"}).rows.size() == 50);
  CHECK(store.await(store.history().remove_all("them")) == rows);
  CHECK(store.page().rows.empty());
}

TEST_CASE("store: statistics cover only the requested interval, visitor and model") {
  StoreFixture store;
  if (!store.is_there()) return;
  for (const int time_ms : {5, 10, 15, 20}) store.history().record(history_row("me", time_ms));
  auto other = history_row("you", 15);
  other.model = "other";
  other.worker = "b:1";
  other.times = {1, 1, 1, 1, 1, 32};
  store.history().record(other);
  store.settle();
  HistoryStatisticsQuery query{.from_ms = 10, .until_ms = 20, .buckets = 2};
  auto numbers = store.await(store.history().statistics(query));
  CHECK(numbers.rows == 3);
  CHECK_FALSE(numbers.truncated);
  CHECK(numbers.buckets ==
        std::vector<HistoryStatistics::Bucket>{{10, 1, 16, 16, 16}, {15, 2, 16, 32, 32}});
  CHECK(numbers.summary.p50_ms == 16);
  CHECK(numbers.summary.p99_ms == 32);
  CHECK(numbers.summary.mean.total_ms == Approx(64.0 / 3));
  CHECK(numbers.workers ==
        std::vector<HistoryStatistics::WorkerTotals>{{"localhost:8888", 2, 16}, {"b:1", 1, 32}});
  CHECK(numbers.models == std::vector<std::string>{"squeezenet1_1", "other"});
  REQUIRE(numbers.points.size() == 3);
  CHECK(numbers.points.back() ==
        HistoryStatistics::Point{12345, 640 * 480, HistoryTimes{1, 2, 3, 4, 5, 16}});
  query.visitor = "me";
  CHECK(store.await(store.history().statistics(query)).rows == 2);
  query.visitor = std::nullopt;
  query.model = "other";
  numbers = store.await(store.history().statistics(query));
  CHECK(numbers.rows == 1);
  CHECK(numbers.models.size() == 2);
  query.model = "none";
  numbers = store.await(store.history().statistics(query));
  CHECK(numbers.rows == 0);
  CHECK(numbers.summary == HistoryStatistics::Summary{});
  CHECK(numbers.buckets.size() == 2);
}

TEST_CASE("store: kept statistics don't show rows that were deleted") {
  StoreFixture store;
  if (!store.is_there()) return;
  store.history().record(history_row("me"));
  store.settle();
  const HistoryStatisticsQuery query{.from_ms = 0, .until_ms = 3'600'000, .buckets = 2};
  CHECK(store.await(store.history().statistics(query)).rows == 1);
  store.await(store.history().remove_all("me"));
  CHECK(store.await(store.history().statistics(query)).rows == 0);
}

TEST_CASE("store: the key of visitors' cookies survives a restart") {
  StoreFixture store;
  if (!store.is_there()) return;
  const std::string key = store.storage->visitor_key();
  CHECK(key.size() == 64);
  store.reopen();
  CHECK(store.storage->visitor_key() == key);
}
