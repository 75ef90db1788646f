#include "dispatcher/load/latency_histogram.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using samoyed::load::LatencyHistogram;

TEST_CASE("the percentiles of short latencies are exact") {
  LatencyHistogram histogram;
  for (int us = 100; us >= 1; --us) histogram.record(std::chrono::microseconds(us));
  const std::pair<double, std::chrono::microseconds> table[] = {
      {0, 1us},    {0.005, 1us}, {0.01, 1us},    {0.011, 2us},   {0.5, 50us},
      {0.9, 90us}, {0.99, 99us}, {0.991, 100us}, {0.999, 100us}, {1, 100us}};
  for (const auto& [share, expected] : table) {
    INFO("share " << share);
    CHECK(histogram.percentile(share) == expected);
  }
  CHECK(histogram.count() == 100);
}

TEST_CASE("with few latencies, a high percentile is the longest, and the median is one of them") {
  LatencyHistogram histogram;
  histogram.record(3us);
  CHECK(histogram.percentile(0.5) == 3us);
  CHECK(histogram.percentile(0.999) == 3us);
  histogram.record(2000us);
  CHECK(histogram.percentile(0.5) == 3us);
  CHECK(histogram.percentile(0.51) == 2000us);
}

TEST_CASE("without latencies every percentile is zero") {
  CHECK(LatencyHistogram().percentile(0.5) == 0us);
  CHECK(LatencyHistogram().percentile(1) == 0us);
}

TEST_CASE("the slowest latencies are listed individually, the slowest first") {
  LatencyHistogram histogram;
  CHECK(histogram.slowest(3).empty());
  for (const auto latency : {7us, 9us, 7us, 8us, 9us}) histogram.record(latency);
  CHECK(histogram.slowest(0).empty());
  CHECK(histogram.slowest(1) == std::vector{9us});
  CHECK(histogram.slowest(4) == std::vector{9us, 9us, 8us, 7us});
  CHECK(histogram.slowest(9) == std::vector{9us, 9us, 8us, 7us, 7us});
}

TEST_CASE("long latencies are accurate to a thousandth, the longest is exact") {
  for (std::int64_t us = 2000; us < 4'000'000'000; us += us / 7) {
    LatencyHistogram histogram;
    histogram.record(std::chrono::microseconds(us));
    histogram.record(std::chrono::microseconds(us * 101 / 100));
    INFO(us << " us");
    CHECK(histogram.percentile(0.5).count() >= us);
    CHECK(histogram.percentile(0.5).count() <= us + us / 1000);
    CHECK(histogram.percentile(1).count() == us * 101 / 100);
  }
}

TEST_CASE("nanoseconds are rounded, and latencies outside the range are clamped") {
  LatencyHistogram histogram;
  histogram.record(1499ns);
  CHECK(histogram.percentile(1) == 1us);
  histogram.record(1501ns);
  CHECK(histogram.percentile(1) == 2us);
  histogram.record(-5ms);
  CHECK(histogram.percentile(0) == 0us);
  histogram.record(100h);
  CHECK(histogram.percentile(1).count() == (std::int64_t{1} << 32) - 1);
}
