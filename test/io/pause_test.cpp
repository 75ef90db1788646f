#include "samoyed/io/pause.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace samoyed::io;
using namespace std::chrono_literals;

TEST_CASE("a pause doubles with each failure, up to a limit") {
  CHECK(doubled_pause(1s, 0, 60s) == 1s);
  CHECK(doubled_pause(1s, 1, 60s) == 1s);
  CHECK(doubled_pause(1s, 2, 60s) == 2s);
  CHECK(doubled_pause(1s, 6, 60s) == 32s);
  CHECK(doubled_pause(1s, 7, 60s) == 60s);
  CHECK(doubled_pause(1s, std::numeric_limits<std::size_t>::max(), 60s) == 60s);
  CHECK(doubled_pause(90s, 1, 60s) == 60s);
}

TEST_CASE("a pause is spread evenly around its length") {
  CHECK(spread_pause(10s, 0.1, 0) == 9s);
  CHECK(spread_pause(10s, 0.1, 0.5) == 10s);
  CHECK(spread_pause(10s, 0.1, 1) == 11s);
}
