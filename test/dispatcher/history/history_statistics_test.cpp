#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/history/sqlite_history.hpp"
#include "support/gate.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::history_row;
using test::HistoryFixture;
using test::wait_for;

TEST_CASE("statistics cover only the requested interval and visitor") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (const int time_ms : {5, 10, 15, 20}) fixture.history.record(history_row("me", time_ms));
  fixture.history.record(history_row("you", 15));
  fixture.settle();
  auto numbers = wait_for(
      fixture.io,
      fixture.history.statistics({.visitor = {}, .from_ms = 10, .until_ms = 20, .buckets = 2}));
  CHECK(numbers.rows == 3);
  CHECK(numbers.buckets ==
        std::vector<HistoryStatistics::Bucket>{{10, 1, 16, 16, 16}, {15, 2, 16, 16, 16}});
  REQUIRE(numbers.points.size() == 3);
  CHECK(numbers.points[0] ==
        HistoryStatistics::Point{12345, 640 * 480, HistoryTimes{1, 2, 3, 4, 5, 16}});
  numbers = wait_for(
      fixture.io,
      fixture.history.statistics({.visitor = "me", .from_ms = 10, .until_ms = 20, .buckets = 2}));
  CHECK(numbers.rows == 2);
}

TEST_CASE("kept statistics don't show rows that were deleted") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  fixture.history.record(history_row("me"));
  fixture.settle();
  const HistoryStatisticsQuery query{.from_ms = 0, .until_ms = 3'600'000, .buckets = 2};
  CHECK(wait_for(fixture.io, fixture.history.statistics(query)).rows == 1);
  wait_for(fixture.io, fixture.history.remove_all("me"));
  CHECK(wait_for(fixture.io, fixture.history.statistics(query)).rows == 0);
}

TEST_CASE("pages don't wait for statistics") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  fixture.history.record(history_row("me"));
  fixture.settle();
  test::Gate entered;
  test::Gate gate;
  // Stands for statistics that take long.
  auto hold = [&](Database&) {
    entered.open();
    gate.wait();
  };
  REQUIRE(fixture.statistics_reader.post({.run = hold, .done = [](std::exception_ptr) {}}));
  REQUIRE(entered.wait());
  bool answered = false;
  const HistoryStatisticsQuery query{.from_ms = 0, .until_ms = 10, .buckets = 1};
  asio::co_spawn(fixture.io, fixture.history.statistics(query),
                 [&](std::exception_ptr, const HistoryStatistics&) { answered = true; });
  std::optional<HistoryPage> page;
  asio::co_spawn(fixture.io, fixture.history.find({}),
                 [&](std::exception_ptr, HistoryPage found) { page = std::move(found); });
  fixture.io.restart();
  while (!page) fixture.io.run_one_for(std::chrono::seconds(60));
  CHECK(page->rows.size() == 1);
  CHECK_FALSE(answered);
  gate.open();
  while (!answered) fixture.io.run_one_for(std::chrono::seconds(60));
}
