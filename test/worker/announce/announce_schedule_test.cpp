#include "worker/announce/announce_schedule.hpp"

#include <catch2/catch.hpp>

namespace samoyed::worker {
namespace {

using namespace std::chrono_literals;

struct ScheduleFixture {
  auto pause() const { return schedule.next() - now; }

  AnnounceSchedule::Clock::time_point now{1h};
  AnnounceSchedule schedule{now, 5s};
};

TEST_CASE_METHOD(ScheduleFixture, "announcements follow each other by the interval") {
  CHECK(pause() == 0s);
  CHECK(schedule.on_success(now, 0.5));
  CHECK(pause() == 5s);
  CHECK_FALSE(schedule.on_success(now, 0));
  CHECK(pause() == 4500ms);
  schedule.on_success(now, 1);
  CHECK(pause() == 5500ms);
}

TEST_CASE_METHOD(ScheduleFixture, "after failures the pauses grow from 1 s to the interval") {
  for (const auto expected : {1s, 2s, 4s, 5s, 5s}) {
    schedule.on_failure("down", now, 0.5);
    CHECK(pause() == expected);
  }
  CHECK(schedule.on_success(now, 0.5));
  schedule.on_failure("down", now, 0.5);
  CHECK(pause() == 1s);
}

TEST_CASE_METHOD(ScheduleFixture, "a failure is logged once a minute, another one at once") {
  CHECK(schedule.on_failure("down", now, 0.5));
  now += 59s;
  CHECK_FALSE(schedule.on_failure("down", now, 0.5));
  CHECK(schedule.on_failure("refused", now, 0.5));
  now += 60s;
  CHECK(schedule.on_failure("refused", now, 0.5));
  schedule.on_success(now, 0.5);
  CHECK(schedule.on_failure("refused", now, 0.5));
}

}  // namespace
}  // namespace samoyed::worker
