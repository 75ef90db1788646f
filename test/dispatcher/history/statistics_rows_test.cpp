#include "dispatcher/history/statistics_rows.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/history/adoption_rows.hpp"
#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/old_rows.hpp"
#include "dispatcher/history/removals.hpp"
#include "dispatcher/history/statistics.hpp"
#include "support/gate.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

constexpr std::int64_t hour_ms = 2 * statistics_interval_ms;

HistoryRow random_row(std::mt19937& random) {
  const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
  HistoryRow row = test::history_row("visitor " + std::to_string(below(3)),
                                     below(static_cast<int>(12 * hour_ms)) - 2 * hour_ms);
  row.model = std::vector<std::string>{"", "small", "large"}[static_cast<std::size_t>(below(3))];
  row.worker = "host:" + std::to_string(below(4));
  row.times.forward_ms = below(1000) / 7.0;
  row.times.total_ms = 1 + below(100000) / 13.0;
  return row;
}

/// The rows that are left, newest first.
std::vector<HistoryRow> rows_left(Database& database) {
  std::vector<HistoryRow> rows;
  HistoryQuery query{.rows_max = history_page_rows_max};
  for (bool more = true; more; more = query.before.has_value()) {
    const HistoryPage page = find_rows(database, query);
    rows.insert(rows.end(), page.rows.begin(), page.rows.end());
    query.before = page.next_before;
  }
  return rows;
}

/// The answer computed from the rows themselves.
HistoryStatistics count_all(const std::vector<HistoryRow>& rows,
                            const HistoryStatisticsQuery& query) {
  StatisticsCount count(query);
  for (const HistoryRow& row : rows) {
    if (query.visitor && row.visitor != *query.visitor) continue;
    if (query.model && row.model != *query.model) continue;
    const auto pixels = static_cast<std::uint64_t>(row.width * row.height);
    count.add({.time_ms = row.time_ms,
               .worker = row.worker,
               .point = {.image_bytes = row.image_bytes, .pixels = pixels, .times = row.times}});
  }
  return count.finish();
}

void check_near(double found, double exact, double error) {
  CHECK(std::abs(found - exact) <= exact * error + 0.001);
}

void check_same(const HistoryStatistics& found, const HistoryStatistics& exact) {
  const double error = found.percentile_error_max;
  CHECK(found.rows == exact.rows);
  CHECK(found.truncated == exact.truncated);
  CHECK(found.points.size() == std::min(exact.rows, HistoryStatistics::points_max));
  check_near(found.summary.p50_ms, exact.summary.p50_ms, error);
  check_near(found.summary.p99_ms, exact.summary.p99_ms, error);
  check_near(found.summary.mean.total_ms, exact.summary.mean.total_ms, 0);
  check_near(found.summary.mean.forward_ms, exact.summary.mean.forward_ms, 0);
  REQUIRE(found.buckets.size() == exact.buckets.size());
  for (std::size_t index = 0; index < exact.buckets.size(); ++index) {
    CHECK(found.buckets[index].from_ms == exact.buckets[index].from_ms);
    CHECK(found.buckets[index].count == exact.buckets[index].count);
    check_near(found.buckets[index].p90_ms, exact.buckets[index].p90_ms, error);
  }
  REQUIRE(found.workers.size() == exact.workers.size());
  for (std::size_t index = 0; index < exact.workers.size(); ++index) {
    CHECK(found.workers[index].worker == exact.workers[index].worker);
    CHECK(found.workers[index].count == exact.workers[index].count);
    check_near(found.workers[index].mean_ms, exact.workers[index].mean_ms, 0);
  }
}

void check_all_queries(Database& database) {
  const auto rows = rows_left(database);
  const std::vector<std::optional<std::string>> visitors{std::nullopt, "visitor 0", "visitor 9"};
  const std::vector<std::optional<std::string>> models{std::nullopt, "small", "unheard of"};
  for (const auto& visitor : visitors) {
    for (const auto& model : models) {
      HistoryStatisticsQuery query{.visitor = visitor,
                                   .model = model,
                                   .from_ms = -hour_ms,
                                   .until_ms = 7 * hour_ms,
                                   .buckets = 8};
      REQUIRE(consists_of_intervals(query));
      check_same(find_statistics(database, query), count_all(rows, query));
      query.until_ms -= 60'000;
      REQUIRE_FALSE(consists_of_intervals(query));
      const HistoryStatistics counted = find_statistics(database, query);
      CHECK(counted.percentile_error_max == 0);
      check_same(counted, count_all(rows, query));
    }
  }
}

/// Posts tasks that the writer runs in one transaction, and waits for it.
void run_as_group(test::HistoryFixture& fixture, std::vector<DatabaseThread::Task> tasks) {
  test::Gate begun, gate;
  const auto hold = [&](Database&) {
    begun.open();
    gate.wait();
  };
  fixture.writer.post({.run = hold, .done = [](auto) {}});
  REQUIRE(begun.wait());  // Now it is in a group of its own.
  for (DatabaseThread::Task& task : tasks) fixture.writer.post(std::move(task));
  gate.open();
  fixture.settle();
}

DatabaseThread::Task inserting(const HistoryRow& row) {
  return {.run = [row](Database& database) { insert_row(database, row); },
          .done = {},
          .persistent = true};
}

std::int64_t entries(Database& database) {
  auto row = database.prepare("SELECT count(*) FROM interval_statistics");
  return row.step() ? row.integer(0) : -1;
}

}  // namespace

TEST_CASE("prepared statistics equal those of the rows, whatever is inserted and removed") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  std::mt19937 random(7);
  database.execute("BEGIN");
  for (int round = 0; round < 6; ++round) {
    for (int count = 0; count < 150; ++count) insert_row(database, random_row(random));
    std::vector<HistoryId> some;
    for (const HistoryRow& row : rows_left(database)) {
      if (random() % 4 == 0) some.push_back(row.id);
    }
    remove_rows(database, some);
    if (round == 3) {
      const Removal removal = begin_removal(database, "visitor 1");
      while (continue_removal(database, removal, 10) == 10) {
      }
      end_removal(database, removal);
    }
    remove_old_rows(database, -hour_ms, 400, 1000);
    database.execute("COMMIT");
    check_all_queries(database);
    database.execute("BEGIN");
  }
  remove_old_rows(database, 100 * hour_ms, 400, 10000);
  CHECK(entries(database) == 0);
  database.execute("COMMIT");
}

TEST_CASE("statistics of rows from before they were prepared are prepared in pieces") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  std::mt19937 random(11);
  const auto insert_rows = [&](Database& database, int count) {
    database.execute("BEGIN");
    while (count-- > 0) insert_row(database, random_row(random));
    database.execute("COMMIT");
  };
  {
    Database database = open_history(file);
    insert_rows(database, 500);
    test::make_version(database, 4);
  }
  Database database = open_history(file);
  CHECK(entries(database) == 0);
  insert_rows(database, 50);
  // Some rows have statistics, and others don't, when they are removed and moved.
  CHECK(prepare_statistics(database, 150));
  std::vector<HistoryId> ids;
  for (HistoryId id = 5; id < 550; id += 3) ids.push_back(id);
  remove_rows(database, ids);
  REQUIRE(begin_adoption(database, "visitor 1", "visitor 9", Adopted::all));
  while (resume_adoptions(database, 20) == 20) {
  }
  while (prepare_statistics(database, 100)) {
  }
  CHECK_FALSE(prepare_statistics(database, 100));
  check_all_queries(database);
}

TEST_CASE("a transaction with rows of the same and of several keys counts each row once") {
  const test::TemporaryFolder folder;
  test::HistoryFixture fixture(folder.path());
  std::mt19937 random(13);
  std::vector<DatabaseThread::Task> tasks;
  for (int count = 0; count < 300; ++count) tasks.push_back(inserting(random_row(random)));
  for (int count = 0; count < 300; ++count) tasks.push_back(inserting(test::history_row("me")));
  run_as_group(fixture, std::move(tasks));
  tasks.clear();
  // Adds to entries that exist, and takes away rows that the same transaction has added.
  for (int count = 0; count < 100; ++count) tasks.push_back(inserting(random_row(random)));
  tasks.push_back({.run = [](Database& database) {
    std::vector<HistoryId> ids;
    for (HistoryId id = 1; id < 700; id += 2) ids.push_back(id);
    remove_rows(database, ids);
  }});
  run_as_group(fixture, std::move(tasks));
  Database database = open_history_reader(fixture.file);
  CHECK(rows_left(database).size() == 350);
  check_all_queries(database);
}

TEST_CASE("an entry of the statistics is written once for all rows of a transaction") {
  const test::TemporaryFolder folder;
  test::HistoryFixture fixture(folder.path());
  const auto count_writes = [](Database& database) {
    database.execute(
        "CREATE TABLE written (scope TEXT);"
        "CREATE TRIGGER count_writes AFTER INSERT ON interval_statistics BEGIN"
        " INSERT INTO written VALUES (new.scope); END");
    return true;
  };
  test::wait_for(fixture.io, fixture.writer.run(count_writes));
  std::vector<DatabaseThread::Task> tasks;
  for (int count = 0; count < 50; ++count) {
    tasks.push_back(inserting(test::history_row(count % 2 == 0 ? "me" : "you")));
  }
  run_as_group(fixture, std::move(tasks));
  const auto written = [](Database& database) {
    auto row = database.prepare("SELECT count(*) FROM written");
    return row.step() ? row.integer(0) : -1;
  };
  // Everyone's entry, and those of two visitors.
  CHECK(test::wait_for(fixture.io, fixture.writer.run(written)) == 3);
}

TEST_CASE("a transaction that is rolled back leaves nothing in the statistics") {
  const test::TemporaryFolder folder;
  test::HistoryFixture fixture(folder.path());
  std::vector<DatabaseThread::Task> tasks;
  for (int count = 0; count < 20; ++count) tasks.push_back(inserting(test::history_row("me")));
  tasks.push_back({.run = [](Database& database) {
    insert_row(database, test::history_row("nobody"));
    throw StorageError("this task always fails");
  }});
  // The group fails with its last task. Then each task runs alone.
  run_as_group(fixture, std::move(tasks));
  Database database = open_history_reader(fixture.file);
  CHECK(entries(database) == 2);
  const HistoryStatisticsQuery query{.until_ms = statistics_interval_ms, .buckets = 1};
  CHECK(find_statistics(database, query).rows == 20);
}

TEST_CASE("statistics name the models of everyone or of the visitor, the busiest first") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  for (const std::string model : {"a", "b", "c", "b", "c", "c"}) {
    HistoryRow row = test::history_row(model == "a" ? "you" : "me");
    row.model = model;
    insert_row(database, row);
  }
  HistoryStatisticsQuery query{
      .model = "b", .from_ms = 0, .until_ms = statistics_interval_ms, .buckets = 1};
  const HistoryStatistics found = find_statistics(database, query);
  CHECK(found.models == std::vector<std::string>{"c", "b", "a"});
  CHECK(found.rows == 2);
  query.visitor = "me";
  CHECK(find_statistics(database, query).models == std::vector<std::string>{"c", "b"});
}

TEST_CASE("prepared statistics count more rows than can be counted one by one") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  insert_row(database, test::history_row("me"));
  database.execute("UPDATE interval_statistics SET count = 1000000");
  const HistoryStatistics found =
      find_statistics(database, {.from_ms = 0, .until_ms = statistics_interval_ms, .buckets = 1});
  CHECK(found.rows == 1000000);
  CHECK_FALSE(found.truncated);
}

TEST_CASE("an entry that is damaged is reported") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  insert_row(database, test::history_row("me"));
  database.execute("UPDATE interval_statistics SET histogram = x'00'");
  const HistoryStatisticsQuery query{
      .from_ms = 0, .until_ms = statistics_interval_ms, .buckets = 1};
  CHECK_THROWS_AS(find_statistics(database, query), StorageError);
}

TEST_CASE("damaged statistics keep no row from being recorded or removed") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  const HistoryId first = insert_row(database, test::history_row("me"));
  database.execute("UPDATE interval_statistics SET histogram = x'00'");
  const HistoryStatisticsQuery query{.until_ms = statistics_interval_ms, .buckets = 1};
  const HistoryId second = insert_row(database, test::history_row("me"));
  CHECK(find_statistics(database, query).rows == 1);
  remove_rows(database, std::vector{first, second});
  CHECK(find_rows(database, {}).rows.empty());
}
