#include "dispatcher/load/arrivals.hpp"

#include <vector>

#include <catch2/catch.hpp>

using samoyed::load::PoissonArrivals;

namespace {

std::vector<double> gaps_s(double rate_per_s, std::uint64_t seed, int count) {
  PoissonArrivals arrivals(rate_per_s, seed);
  std::vector<double> gaps;
  std::chrono::nanoseconds last{};
  for (int i = 0; i < count; ++i) {
    const auto next = arrivals.next();
    gaps.push_back(std::chrono::duration<double>(next - last).count());
    last = next;
  }
  return gaps;
}

}  // namespace

TEST_CASE("arrivals are a Poisson process with the given rate") {
  constexpr int count = 200000;
  constexpr double rate_per_s = 250;
  double sum = 0, sum_of_squares = 0;
  int longer_than_mean = 0;
  for (const double gap : gaps_s(rate_per_s, 7, count)) {
    REQUIRE(gap >= 0);
    sum += gap;
    sum_of_squares += gap * gap;
    longer_than_mean += gap > 1 / rate_per_s;
  }
  const double mean = sum / count;
  CHECK(mean * rate_per_s == Approx(1).epsilon(0.01));
  // The standard deviation of exponentially distributed gaps equals their mean, and 1/e of the gaps
  // are longer than it.
  const double deviation = std::sqrt(sum_of_squares / count - mean * mean);
  CHECK(deviation / mean == Approx(1).epsilon(0.02));
  CHECK(longer_than_mean / double{count} == Approx(std::exp(-1)).epsilon(0.02));
}

TEST_CASE("a seed determines the schedule, whose times scale with the rate") {
  CHECK(gaps_s(10, 3, 100) == gaps_s(10, 3, 100));
  CHECK(gaps_s(10, 3, 100) != gaps_s(10, 4, 100));
  CHECK(gaps_s(10, 3, 1)[0] == Approx(100 * gaps_s(1000, 3, 1)[0]).epsilon(1e-5));
}
