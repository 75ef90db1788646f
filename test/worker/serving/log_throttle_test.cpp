#include "worker/serving/log_throttle.hpp"

#include <catch2/catch.hpp>

using samoyed::worker::LogThrottle;
using std::chrono::milliseconds;

TEST_CASE("each window writes up to the maximum number of lines and counts the rest") {
  const LogThrottle::Clock::time_point start(std::chrono::hours(1));
  LogThrottle throttle(2, milliseconds(100));
  CHECK(throttle.admit(start) == 0);
  CHECK(throttle.admit(start + milliseconds(1)) == 0);
  for (int i = 0; i < 7; ++i) CHECK(throttle.admit(start + milliseconds(99)) == std::nullopt);
  CHECK(throttle.admit(start + milliseconds(100)) == 7);
  CHECK(throttle.admit(start + milliseconds(101)) == 0);
  CHECK(throttle.admit(start + milliseconds(102)) == std::nullopt);
  CHECK(throttle.admit(start + milliseconds(1000)) == 1);
}
