#include "dispatcher/history/statistics.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;

namespace {

StatisticsCount::Row row(std::int64_t time_ms, double total_ms, std::string worker = "a:1") {
  return {.time_ms = time_ms,
          .worker = std::move(worker),
          .point = {.image_bytes = 10, .pixels = 20, .times = {.total_ms = total_ms}}};
}

}  // namespace

TEST_CASE("percentiles use the nearest rank") {
  std::vector<double> values{50, 15, 40, 20, 35};
  CHECK(percentile(values, 0.05) == 15);
  CHECK(percentile(values, 0.3) == 20);
  CHECK(percentile(values, 0.4) == 20);
  CHECK(percentile(values, 0.5) == 35);
  CHECK(percentile(values, 1) == 50);
  std::vector<double> none;
  CHECK(percentile(none, 0.5) == 0);
}

TEST_CASE("each row counts in the bucket of its time") {
  StatisticsCount count({.visitor = {}, .from_ms = 1000, .until_ms = 2000, .buckets = 3});
  for (const auto time_ms : {999, 1000, 1332, 1333, 1999, 2000}) count.add(row(time_ms, time_ms));
  const auto numbers = count.finish();
  CHECK(numbers.rows == 4);
  CHECK_FALSE(numbers.truncated);
  REQUIRE(numbers.buckets.size() == 3);
  CHECK(numbers.buckets[0] == HistoryStatistics::Bucket{1000, 2, 1000, 1332, 1332});
  CHECK(numbers.buckets[1] == HistoryStatistics::Bucket{1333, 1, 1333, 1333, 1333});
  CHECK(numbers.buckets[2] == HistoryStatistics::Bucket{1666, 1, 1999, 1999, 1999});
}

TEST_CASE("an empty interval still has a bucket") {
  StatisticsCount count({.visitor = {}, .from_ms = 5, .until_ms = 5, .buckets = 0});
  count.add(row(5, 1));
  CHECK(count.finish().buckets == std::vector<HistoryStatistics::Bucket>{{5, 1, 1, 1, 1}});
}

TEST_CASE("the summary has percentiles and mean times of all rows") {
  StatisticsCount count({.visitor = {}, .from_ms = 0, .until_ms = 10, .buckets = 3});
  CHECK(StatisticsCount(count).finish().summary == HistoryStatistics::Summary{});
  auto slow = row(9, 30);
  slow.point.times = {1, 2, 3, 4, 5, 30};
  count.add(slow);
  auto quick = row(1, 10);
  quick.point.times = {3, 2, 1, 0, 1, 10};
  count.add(quick);
  count.add(row(20, 1000));
  CHECK(count.finish().summary == HistoryStatistics::Summary{10, 30, 30, {2, 2, 2, 2, 3, 20}});
}

TEST_CASE("each worker's rows are counted, the busiest worker first") {
  StatisticsCount count({.visitor = {}, .from_ms = 0, .until_ms = 10});
  count.add(row(1, 10, "b:1"));
  count.add(row(1, 30, "b:1"));
  count.add(row(1, 5, "c:1"));
  count.add(row(1, 5, "a:1"));
  CHECK(count.finish().workers ==
        std::vector<HistoryStatistics::WorkerTotals>{{"b:1", 2, 20}, {"a:1", 1, 5}, {"c:1", 1, 5}});
}

TEST_CASE("statistics are limited in size, and report when rows were left out") {
  StatisticsCount count({.visitor = {}, .from_ms = 0, .until_ms = 10});
  for (std::size_t number = 0; number < HistoryStatistics::rows_max; ++number) {
    count.add(row(1, 1, "w:" + std::to_string(number % 1000)));
  }
  count.add(row(1, 1));
  const auto numbers = count.finish();
  CHECK(numbers.truncated);
  CHECK(numbers.rows == HistoryStatistics::rows_max);
  CHECK(numbers.points.size() == HistoryStatistics::points_max);
  CHECK(numbers.workers.size() == HistoryStatistics::worker_totals_max);
}
