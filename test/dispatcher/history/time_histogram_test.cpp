#include "dispatcher/history/time_histogram.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/history/statistics.hpp"

using namespace samoyed::dispatcher;

TEST_CASE("times become whole microseconds within limits") {
  CHECK(to_microseconds(1.2345) == 1235);
  CHECK(to_microseconds(0) == 0);
  CHECK(to_microseconds(-5) == 0);
  CHECK(to_microseconds(std::nan("")) == 0);
  CHECK(to_microseconds(std::numeric_limits<double>::infinity()) == time_us_max);
  CHECK(to_microseconds(1e300) == time_us_max);
}

TEST_CASE("a histogram's percentiles are within its error of the exact ones") {
  std::mt19937 random(5);
  std::lognormal_distribution<double> times_ms(2, 3);
  for (int round = 0; round < 50; ++round) {
    TimeHistogram histogram;
    std::vector<double> exact;
    for (int count = 0; count < 1 + round * 10; ++count) {
      const double time_ms = std::min(times_ms(random), 4'000'000.0);
      exact.push_back(time_ms);
      histogram.add(to_microseconds(time_ms), 1);
    }
    for (const double share : {0.01, 0.5, 0.9, 0.99, 1.0}) {
      const double expected = percentile(exact, share);
      INFO(round << ", " << share << ": " << expected);
      constexpr double rounding_ms = 0.0005;
      CHECK(std::abs(histogram.percentile_ms(share) - expected) <=
            expected * TimeHistogram::percentile_error_max + rounding_ms);
    }
  }
  CHECK(TimeHistogram().percentile_ms(0.5) == 0);
}

TEST_CASE("every bin has its place, and is found again in its bytes") {
  for (std::uint64_t time_us = 1; time_us <= time_us_max; time_us = time_us * 9 / 8 + 1) {
    TimeHistogram histogram;
    histogram.add(time_us, 3);
    const auto copy = TimeHistogram::decode(histogram.encode());
    REQUIRE(copy);
    const auto exact_ms = static_cast<double>(time_us) / 1000;
    CHECK(std::abs(copy->percentile_ms(0.5) - exact_ms) <=
          exact_ms * TimeHistogram::percentile_error_max);
  }
}

TEST_CASE("times that are taken away leave nothing") {
  TimeHistogram histogram;
  for (const std::uint64_t time_us : {0, 127, 128, 5000, 5001}) histogram.add(time_us, 2);
  TimeHistogram change;
  for (const std::uint64_t time_us : {0, 127, 128, 5000, 5001}) change.add(time_us, -2);
  histogram.merge(change);
  CHECK(histogram.encode().empty());
}

TEST_CASE("damaged bytes are no histogram") {
  CHECK(TimeHistogram::decode(""));
  CHECK_FALSE(TimeHistogram::decode("12345"));
  CHECK_FALSE(TimeHistogram::decode(std::string(6, '\xff')));
}
