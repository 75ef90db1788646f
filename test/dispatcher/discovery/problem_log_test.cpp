#include "dispatcher/discovery/problem_log.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;
using namespace std::chrono_literals;
using Line = ProblemLog::Line;

TEST_CASE("a problem that lasts is logged at once and then every minute") {
  ProblemLog log;
  Clock::time_point now{1h};
  CHECK(log.after_lookup("", now) == Line::none);
  CHECK(log.after_lookup("down", now) == Line::problem);
  for (int minute = 0; minute < 3; ++minute) {
    CHECK(log.after_lookup("down", now + 30s) == Line::none);
    CHECK(log.after_lookup("another one", now + 59s) == Line::none);
    now += 60s;
    CHECK(log.after_lookup("down", now) == Line::problem);
  }
  CHECK(log.after_lookup("", now + 1s) == Line::end_of_problems);
  CHECK(log.after_lookup("", now + 2s) == Line::none);
}

TEST_CASE("problems that come and go are logged once a minute") {
  ProblemLog log;
  const Clock::time_point start{1h};
  CHECK(log.after_lookup("down", start) == Line::problem);
  CHECK(log.after_lookup("", start + 5s) == Line::end_of_problems);
  CHECK(log.after_lookup("down", start + 10s) == Line::none);
  CHECK(log.after_lookup("", start + 15s) == Line::none);
  CHECK(log.after_lookup("down", start + 60s) == Line::problem);
}
