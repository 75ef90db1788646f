#include "dispatcher/jobs/sqlite_job_store.hpp"

#include <algorithm>
#include <fstream>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/jobs_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::JobsHouse;

namespace {

SubmitError error_of(const Submitted& submitted) { return std::get<SubmitError>(submitted); }

std::optional<Job> next(JobsHouse& house, JobWatch& watch) {
  return house.run_beside(watch.next(std::chrono::steady_clock::now() + std::chrono::seconds(30)));
}

std::optional<Job> next_now(JobsHouse& house, JobWatch& watch) {
  return house.run_beside(watch.next(std::chrono::steady_clock::now()));
}

}  // namespace

TEST_CASE("a submitted job waits, and is there after a restart") {
  const test::TemporaryFolder folder;
  std::vector<std::string> ids;
  {
    JobsHouse house(folder.path());
    ids = house.submit({"dog", "cat"});
    CHECK(house.jobs.load() == Jobs::Load{2, 0, 6});
    CHECK(house.files() == 2);
  }
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] != ids[1]);
  CHECK(ids[0].size() == 32);
  CHECK(ids[0].find_first_not_of("0123456789abcdef") == std::string::npos);
  JobsHouse house(folder.path());
  CHECK(house.jobs.load() == Jobs::Load{2, 0, 6});
  const auto job = house.find(ids[1]);
  REQUIRE(job);
  CHECK(job->state == JobState::waiting);
  CHECK(job->file_name == "cat.jpg");
  CHECK(job->image_bytes == 3);
  CHECK_FALSE(house.find("0123"));
}

TEST_CASE("jobs beyond the spool's bounds are refused, all of a request or none") {
  const test::TemporaryFolder folder;
  JobsOptions options;
  SECTION("by number") { options.images_max = 2; }
  SECTION("by bytes") { options.bytes_max = 7; }
  JobsHouse house(folder.path(), options);
  house.submit({"dog"});
  CHECK(error_of(house.try_submit({"cat", "fox"})) == SubmitError::full);
  CHECK(house.files() == 1);
  CHECK(house.jobs.load() == Jobs::Load{1, 0, 3});
  house.submit({"cat"});
  CHECK(error_of(house.try_submit({"foxes"})) == SubmitError::full);
  house.start();
  CHECK(house.run_until_finished());
  house.stop();
  CHECK(error_of(house.try_submit({"fox"})) == SubmitError::stopping);
}

TEST_CASE("a spool that can't be written is said, and nothing of the request stays") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  std::filesystem::remove(folder.path() / "spool");
  CHECK(error_of(house.try_submit({"dog", "cat"})) == SubmitError::storage);
  CHECK(house.jobs.load() == Jobs::Load{});
}

TEST_CASE("a waiting job can be cancelled, a finished one not") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto ids = house.submit({"dog", "cat"});
  CHECK(house.run_beside(house.jobs.cancel(ids[0])));
  const auto job = house.find(ids[0]);
  REQUIRE(job);
  CHECK(job->state == JobState::failed);
  CHECK(job->reason == "cancelled");
  CHECK(house.files() == 1);
  CHECK(house.jobs.load() == Jobs::Load{1, 0, 3});
  CHECK_FALSE(house.run_beside(house.jobs.cancel(ids[0])));
  CHECK_FALSE(house.run_beside(house.jobs.cancel("0123")));
}

TEST_CASE("a job that is cancelled between its answer and the write stays cancelled") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto id = house.submit({"dog"}).front();
  const auto claimed = house.run_beside(house.jobs.claim(1, 100));
  REQUIRE(claimed.jobs.size() == 1);
  const ClaimToken token = claimed.jobs.front().token;
  CHECK(house.run_beside(house.jobs.cancel(id)));
  CHECK_FALSE(house.run_beside(house.jobs.finish(token, test::history_row("me"))));
  CHECK_FALSE(house.run_beside(house.jobs.put_back(token, {})));
  CHECK_FALSE(house.run_beside(house.jobs.fail(token, {"unreadable", "No picture."})));
  CHECK(house.find(id)->state == JobState::failed);
  CHECK(house.find(id)->reason == "cancelled");
  CHECK(house.rows() == 0);
  CHECK(house.jobs.load() == Jobs::Load{});
}

TEST_CASE("a claim from before a restart is stale") {
  const test::TemporaryFolder folder;
  std::string id;
  ClaimToken before;
  {
    JobsHouse house(folder.path());
    id = house.submit({"dog"}).front();
    before = house.run_beside(house.jobs.claim(1, 100)).jobs.at(0).token;
  }
  JobsHouse house(folder.path());
  const auto now = house.run_beside(house.jobs.claim(1, 100)).jobs.at(0).token;
  CHECK(now.owner != before.owner);
  CHECK_FALSE(house.run_beside(house.jobs.finish(before, test::history_row("me"))));
  CHECK(house.find(id)->state == JobState::running);
  CHECK(house.jobs.load() == Jobs::Load{0, 1, 3});
  CHECK(house.run_beside(house.jobs.finish(now, test::history_row("me"))));
  CHECK(house.find(id)->state == JobState::done);
  CHECK(house.rows() == 1);
}

TEST_CASE("who watches is told each state, and the end") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto id = house.submit({"dog"}).front();
  const auto watch = house.jobs.watch(id);
  REQUIRE(watch);
  CHECK(next(house, *watch)->state == JobState::waiting);
  CHECK_FALSE(next_now(house, *watch));
  CHECK_FALSE(watch->ended());
  house.classifier.hold = true;
  house.start();
  CHECK(next(house, *watch)->state == JobState::running);
  house.classifier.let_go();
  const auto done = next(house, *watch);
  REQUIRE(done);
  CHECK(done->state == JobState::done);
  REQUIRE(done->result);
  CHECK(done->result->top.at(0).label == "Samoyed");
  CHECK(watch->ended());
  CHECK_FALSE(next(house, *watch));
  house.stop();
}

TEST_CASE("a slow watcher is told the latest state only") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto id = house.submit({"dog"}).front();
  const auto watch = house.jobs.watch(id);
  house.start();
  CHECK(house.run_until_finished());
  CHECK(next(house, *watch)->state == JobState::done);
  CHECK(watch->ended());
  house.stop();
}

TEST_CASE("watching ends where there is no such job, and at the dispatcher's end") {
  const test::TemporaryFolder folder;
  JobsOptions options;
  options.watchers_max = 2;
  JobsHouse house(folder.path(), options);
  const auto unknown = house.jobs.watch("0123");
  CHECK_FALSE(next(house, *unknown));
  CHECK(unknown->ended());
  const auto id = house.submit({"dog"}).front();
  auto known = house.jobs.watch(id);
  CHECK(next(house, *known));
  CHECK_FALSE(house.jobs.watch(id));  // Too many.
  house.jobs.stop();
  CHECK_FALSE(next(house, *known));
  CHECK(known->ended());
  known.reset();
  CHECK(house.jobs.watch(id));
}

TEST_CASE("finished jobs are forgotten after their time, in pieces, and their results stay") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto ids = house.submit({"dog", "cat", "fox"});
  CHECK(house.run_beside(house.jobs.cancel(ids[2])));
  house.start();
  CHECK(house.run_until_finished());
  house.stop();
  auto remove = [](Database& database) {
    return remove_finished_jobs(database, std::numeric_limits<std::int64_t>::max(), 2);
  };
  CHECK(house.run_beside(house.writer.run(remove)) == 2);
  CHECK(house.run_beside(house.writer.run(remove)) == 1);
  CHECK_FALSE(house.find(ids[0]));
  CHECK(house.rows() == 2);
}

TEST_CASE("a visitor who deletes results deletes finished jobs, not those that wait") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto done = house.submit({"dog"}).front();
  house.start();
  CHECK(house.run_until_finished());
  house.stop();
  auto remove = [](Database& database) { return remove_visitor(database, "me"); };
  CHECK(house.run_beside(house.writer.run(remove)) == 1);
  CHECK_FALSE(house.find(done));
  CHECK(house.rows() == 0);
}

TEST_CASE("after a start files without jobs are removed, and jobs without files failed") {
  const test::TemporaryFolder folder;
  std::vector<std::string> ids;
  {
    JobsHouse house(folder.path());
    ids = house.submit({"dog", "cat"});
  }
  const auto spool = folder.path() / "spool";
  std::filesystem::remove(spool / ids[0]);
  std::ofstream(spool / "stray") << "x";
  std::ofstream(spool / "half.new") << "x";
  JobsHouse house(folder.path());
  CHECK(house.files() == 1);
  CHECK_FALSE(std::filesystem::exists(spool / "half.new"));
  CHECK(house.jobs.load() == Jobs::Load{1, 0, 3});
  CHECK(house.find(ids[0])->state == JobState::failed);
  CHECK(house.find(ids[0])->reason == "image_lost");
  CHECK(house.find(ids[1])->state == JobState::waiting);
}
