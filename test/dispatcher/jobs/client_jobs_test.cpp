#include "dispatcher/jobs/client_jobs.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;

namespace {

constexpr JobsOptions ten_images{.images_max = 10, .bytes_max = 1000};

JobRow row_with_turn(const std::string& client, std::int64_t turn, int attempts = 0) {
  JobRow row{};
  row.client = client;
  row.turn = turn;
  row.job.attempts = attempts;
  return row;
}

}  // namespace

TEST_CASE("a client may have half of what the others leave free") {
  ClientJobs jobs;
  for (int image = 0; image < 5; ++image) {
    CHECK(jobs.may_add("10.0.0.1", 1, 1, ten_images));
    jobs.add("10.0.0.1", 1);
  }
  CHECK_FALSE(jobs.may_add("10.0.0.1", 1, 1, ten_images));
  CHECK(jobs.may_add("10.0.0.2", 3, 3, ten_images));
  CHECK_FALSE(jobs.may_add("10.0.0.2", 4, 4, ten_images));
  // What the others have makes its share smaller, and what has ended makes room.
  for (int image = 0; image < 3; ++image) jobs.add("10.0.0.2", 1);
  jobs.remove("10.0.0.1", 1);
  CHECK_FALSE(jobs.may_add("10.0.0.1", 1, 1, ten_images));
  jobs.remove("10.0.0.2", 1);
  jobs.remove("10.0.0.2", 1);
  CHECK(jobs.may_add("10.0.0.1", 1, 1, ten_images));
}

TEST_CASE("a client's share is one of bytes too") {
  ClientJobs jobs;
  CHECK(jobs.may_add("10.0.0.1", 2, 500, ten_images));
  CHECK_FALSE(jobs.may_add("10.0.0.1", 2, 501, ten_images));
  jobs.add("10.0.0.1", 400);
  CHECK_FALSE(jobs.may_add("10.0.0.1", 1, 101, ten_images));
  CHECK(jobs.may_add("10.0.0.2", 2, 300, ten_images));
  CHECK_FALSE(jobs.may_add("10.0.0.2", 2, 301, ten_images));
}

TEST_CASE("a client without jobs may submit any image for which there is room") {
  ClientJobs jobs;
  const JobsOptions limits{.images_max = 1, .bytes_max = 100};
  CHECK(jobs.may_add("10.0.0.1", 1, 100, limits));
  jobs.add("10.0.0.1", 100);
  CHECK_FALSE(jobs.may_add("10.0.0.1", 1, 0, limits));
  jobs.remove("10.0.0.1", 100);
  CHECK(jobs.clients() == 0);
  CHECK(jobs.may_add("10.0.0.1", 1, 100, limits));
}

TEST_CASE("the addresses of one IPv6 network are one client") {
  ClientJobs jobs;
  for (int image = 0; image < 5; ++image) jobs.add("2001:db8::" + std::to_string(image + 1), 1);
  CHECK(jobs.clients() == 1);
  CHECK_FALSE(jobs.may_add("2001:db8::99", 1, 1, ten_images));
  CHECK(jobs.may_add("2001:db8:0:1::1", 1, 1, ten_images));
}

TEST_CASE("a job that isn't known can end") {
  ClientJobs jobs;
  jobs.remove("10.0.0.1", 5);
  jobs.add("10.0.0.1", 1);
  jobs.remove("10.0.0.1", 5);
  CHECK(jobs.clients() == 0);
  CHECK(jobs.may_add("10.0.0.2", 5, 500, ten_images));
}

TEST_CASE("clients take turns, and a new one comes after the turn that is under way") {
  ClientJobs jobs;
  for (const std::int64_t turn : {1, 2, 3, 4}) CHECK(jobs.add("10.0.0.1", 1) == turn);
  CHECK(jobs.add("10.0.0.2", 1) == 1);
  jobs.claimed(2);
  CHECK(jobs.add("10.0.0.3", 1) == 3);
  CHECK(jobs.add("10.0.0.3", 1) == 4);
  CHECK(jobs.add("10.0.0.2", 1) == 3);
  CHECK(jobs.add("10.0.0.1", 1) == 5);
  // A job that was put back is claimed again after later ones.
  jobs.claimed(1);
  CHECK(jobs.add("10.0.0.4", 1) == 3);
}

TEST_CASE("after a restart, turns go on where they were") {
  ClientJobs jobs({row_with_turn("10.0.0.1", 8), row_with_turn("10.0.0.1", 7),
                   row_with_turn("10.0.0.2", 3, 1)});
  CHECK(jobs.clients() == 2);
  CHECK(jobs.add("10.0.0.1", 1) == 9);
  CHECK(jobs.add("10.0.0.2", 1) == 7);
  CHECK(jobs.add("10.0.0.3", 1) == 7);
  ClientJobs all_claimed({row_with_turn("10.0.0.1", 5, 1), row_with_turn("10.0.0.1", 6, 1)});
  CHECK(all_claimed.add("10.0.0.2", 1) == 7);
}
