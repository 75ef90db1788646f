#include "dispatcher/jobs/job_policy.hpp"

#include <catch2/catch.hpp>

using namespace samoyed;
using namespace samoyed::dispatcher;
using std::chrono::milliseconds;

namespace {

std::size_t start(std::size_t workers, std::size_t interactive, std::size_t running,
                  milliseconds idle = milliseconds(0)) {
  return jobs_to_start({.workers_in_rotation = workers,
                        .interactive = interactive,
                        .jobs_running = running,
                        .idle = idle});
}

std::string verdict(const Failure& failure, int suspect_ends = 1) {
  const JobVerdict found = judge(failure, suspect_ends);
  CHECK_FALSE(found.detail.empty());
  return (found.next == JobVerdict::Next::again ? "again: " : "fail: ") + found.reason;
}

std::string refused(protocol::RefusalReason reason, int suspect_ends = 1) {
  return verdict({FailureReason::refused, protocol::Refusal{reason, ""}}, suspect_ends);
}

}  // namespace

TEST_CASE("jobs wait while no worker is in rotation") {
  CHECK(start(0, 0, 0) == 0);
  CHECK(start(0, 0, 0, std::chrono::hours(1)) == 0);
}

TEST_CASE("jobs leave one slot free, unless there is only one") {
  CHECK(start(1, 0, 0) == 1);
  CHECK(start(1, 0, 1) == 0);
  CHECK(start(2, 0, 0) == 1);
  CHECK(start(4, 0, 0) == 3);
  CHECK(start(4, 0, 2) == 1);
  CHECK(start(4, 0, 3) == 0);
}

TEST_CASE("interactive requests go first") {
  CHECK(start(4, 1, 0) == 2);
  CHECK(start(4, 3, 0) == 1);
  CHECK(start(4, 4, 0) == 0);
  CHECK(start(4, 100, 0) == 0);
  CHECK(start(4, 3, 3) == 0);
}

TEST_CASE("if all slots are taken for a long time, a single job starts anyway") {
  CHECK(start(4, 100, 0, job_starved_after - milliseconds(1)) == 0);
  CHECK(start(4, 100, 0, job_starved_after) == 1);
  CHECK(start(4, 100, 1, job_starved_after) == 0);
}

TEST_CASE("no job starts while the images of running jobs fill their memory limit") {
  JobCapacity capacity{.workers_in_rotation = 1000, .running_bytes = running_bytes_max - 1};
  CHECK(jobs_to_start(capacity) == 999);
  capacity.running_bytes = running_bytes_max;
  capacity.idle = job_starved_after;
  CHECK(jobs_to_start(capacity) == 0);
}

TEST_CASE("pauses double up to a minute") {
  CHECK(retry_pause(1) == milliseconds(1000));
  CHECK(retry_pause(2) == milliseconds(2000));
  CHECK(retry_pause(6) == milliseconds(32000));
  CHECK(retry_pause(7) == milliseconds(60000));
  CHECK(retry_pause(1000000) == milliseconds(60000));
}

TEST_CASE("a temporary failure puts a job back, however often it happens") {
  for (const int attempts : {1, 1000}) {
    CHECK(verdict({FailureReason::no_active_worker, {}}, attempts) == "again: no_active_worker");
    CHECK(verdict({FailureReason::no_resources, {}}, attempts) == "again: no_resources");
    CHECK(verdict({FailureReason::all_busy, {}}, attempts) == "again: all_busy");
    CHECK(verdict({FailureReason::cancelled, {}}, attempts) == "again: stopping");
    CHECK(refused(protocol::RefusalReason::busy, attempts) == "again: all_busy");
  }
}

TEST_CASE("a bad image fails its job with a reason code from REASONS.md") {
  CHECK(refused(protocol::RefusalReason::too_large) == "fail: too_large");
  CHECK(refused(protocol::RefusalReason::unreadable) == "fail: unreadable");
  CHECK(refused(protocol::RefusalReason::too_many_pixels) == "fail: too_many_pixels");
  CHECK(refused(protocol::RefusalReason::too_slow) == "fail: too_slow");
  CHECK(refused(protocol::RefusalReason::other) == "fail: unrecognisable");
  CHECK(verdict({FailureReason::workers_closed, {}}) == "fail: workers_closed");
  CHECK(verdict({FailureReason::unknown_model, {}}) == "fail: unknown_model");
}

TEST_CASE("only a deadline and a worker's internal error are suspect") {
  CHECK(is_suspect({FailureReason::deadline, {}}));
  CHECK(is_suspect(
      {FailureReason::refused, protocol::Refusal{protocol::RefusalReason::internal, ""}}));
  CHECK_FALSE(
      is_suspect({FailureReason::refused, protocol::Refusal{protocol::RefusalReason::busy, ""}}));
  CHECK_FALSE(is_suspect({FailureReason::all_busy, {}}));
  CHECK_FALSE(is_suspect({FailureReason::no_active_worker, {}}));
  CHECK_FALSE(is_suspect({FailureReason::cancelled, {}}));
}

TEST_CASE("a job fails if its image times out or fails workers every time") {
  CHECK(verdict({FailureReason::deadline, {}}, suspect_ends_max - 1) == "again: deadline");
  CHECK(verdict({FailureReason::deadline, {}}, suspect_ends_max) == "fail: deadline");
  CHECK(refused(protocol::RefusalReason::internal, suspect_ends_max - 1) == "again: worker_failed");
  CHECK(refused(protocol::RefusalReason::internal, suspect_ends_max) == "fail: worker_failed");
}
