#include "dispatcher/jobs/sqlite_job_store.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/removals.hpp"
#include "dispatcher/jobs/jobs_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::JobsFixture;

namespace {

SubmitError error_of(const Submitted& submitted) { return std::get<SubmitError>(submitted); }

std::optional<Job> next(JobsFixture& fixture, JobWatch& watch) {
  return fixture.run_beside(
      watch.next(std::chrono::steady_clock::now() + std::chrono::seconds(30)));
}

std::optional<Job> next_now(JobsFixture& fixture, JobWatch& watch) {
  return fixture.run_beside(watch.next(std::chrono::steady_clock::now()));
}

}  // namespace

TEST_CASE("a submitted job waits, and survives a restart") {
  const test::TemporaryFolder folder;
  std::vector<std::string> ids;
  {
    JobsFixture fixture(folder.path());
    ids = fixture.submit({"dog", "cat"});
    CHECK(fixture.jobs.load() == Jobs::Load{2, 0, 6});
    CHECK(fixture.files() == 2);
    CHECK(std::filesystem::status(folder.path() / "spool").permissions() ==
          std::filesystem::perms::owner_all);
  }
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] != ids[1]);
  CHECK(ids[0].size() == 32);
  CHECK(ids[0].find_first_not_of("0123456789abcdef") == std::string::npos);
  JobsFixture fixture(folder.path());
  CHECK(fixture.jobs.load() == Jobs::Load{2, 0, 6});
  const auto job = fixture.find(ids[1]);
  REQUIRE(job);
  CHECK(job->state == JobState::waiting);
  CHECK(job->file_name == "cat.jpg");
  CHECK(job->image_bytes == 3);
  CHECK_FALSE(fixture.find("0123"));
}

TEST_CASE("if a request exceeds the spool's limits, all of its jobs are rejected") {
  const test::TemporaryFolder folder;
  JobsOptions options;
  SECTION("by number") { options.images_max = 2; }
  SECTION("by bytes") { options.bytes_max = 7; }
  JobsFixture fixture(folder.path(), options);
  fixture.submit({"dog"});
  CHECK(error_of(fixture.try_submit({"cat", "fox"})) == SubmitError::full);
  CHECK(fixture.files() == 1);
  CHECK(fixture.jobs.load() == Jobs::Load{1, 0, 3});
  fixture.client = "somebody else";
  fixture.submit({"cat"});
  CHECK(error_of(fixture.try_submit({"foxes"})) == SubmitError::full);
  fixture.start();
  CHECK(fixture.run_until_finished());
  fixture.stop();
  CHECK(error_of(fixture.try_submit({"fox"})) == SubmitError::stopping);
}

TEST_CASE("one client may have only its share of the spool, and others still submit jobs") {
  const test::TemporaryFolder folder;
  JobsOptions options;
  SECTION("by number") { options.images_max = 4; }
  SECTION("by bytes") { options.bytes_max = 12; }
  std::string canceled;
  {
    JobsFixture fixture(folder.path(), options);
    CHECK(error_of(fixture.try_submit({"dog", "cat", "fox"})) == SubmitError::client_share);
    CHECK(fixture.files() == 0);
    canceled = fixture.submit({"dog", "cat"}).front();
    CHECK(error_of(fixture.try_submit({"fox"})) == SubmitError::client_share);
  }
  // A restart changes nothing about that.
  JobsFixture fixture(folder.path(), options);
  CHECK(error_of(fixture.try_submit({"fox"})) == SubmitError::client_share);
  CHECK(fixture.run_beside(fixture.jobs.cancel(canceled)));
  fixture.submit({"fox"});
  CHECK(error_of(fixture.try_submit({"hen"})) == SubmitError::client_share);
  fixture.client = "somebody else";
  fixture.submit({"hen"});
  fixture.start();
  CHECK(fixture.run_until_finished());
  fixture.around.workers_in_rotation = 0;
  fixture.client = "::1";
  CHECK(fixture.submit({"dog", "cat"}).size() == 2);
  fixture.stop();
}

TEST_CASE("jobs that couldn't be stored don't count in a client's share") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path(), {.images_max = 4});
  const auto spool = folder.path() / "spool";
  std::filesystem::remove(spool);
  test::write_file(spool, "in the way");
  CHECK(error_of(fixture.try_submit({"dog", "cat"})) == SubmitError::storage);
  std::filesystem::remove(spool);
  CHECK(fixture.submit({"dog", "cat"}).size() == 2);
}

TEST_CASE("clients take turns, so that nobody waits for all jobs of another client") {
  const test::TemporaryFolder folder;
  std::vector<std::string> many;
  std::vector<std::string> expected;
  const auto claim_one = [](JobsFixture& fixture) {
    return fixture.run_beside(fixture.jobs.claim(1, 100)).jobs.at(0).row.job.id;
  };
  {
    JobsFixture fixture(folder.path());
    many = fixture.submit({"dog", "cat", "fox", "hen", "ox"});
    CHECK(claim_one(fixture) == many[0]);
    fixture.client = "somebody else";
    const auto few = fixture.submit({"bee", "ant"});
    expected = {many[1], few[0], many[2], few[1]};
    for (const std::string& id : expected) CHECK(claim_one(fixture) == id);
  }
  // After a restart they are claimed again in the same order, and a new client comes next.
  JobsFixture fixture(folder.path());
  expected.insert(expected.begin(), many[0]);
  for (const std::string& id : expected) CHECK(claim_one(fixture) == id);
  fixture.client = "a third one";
  const auto last = fixture.submit({"owl", "elk"});
  for (const std::string& id : {many[3], last[0], many[4], last[1]}) {
    CHECK(claim_one(fixture) == id);
  }
}

/// An image of these bytes that is read when it is needed. Adds the number of images in the spool
/// at that time to `files`. An empty one can't be read.
JobImage unread_image(std::string bytes, const JobsFixture& fixture,
                      std::vector<std::size_t>& files) {
  const std::uint64_t size = bytes.size();
  const auto read = [bytes, &fixture, &files]() -> asio::awaitable<std::string> {
    files.push_back(static_cast<std::size_t>(fixture.files()));
    if (bytes.empty()) throw std::system_error(EIO, std::generic_category(), "a stored form");
    co_return bytes;
  };
  return {.file_name = "a.jpg", .read = read, .unread_bytes = size};
}

TEST_CASE("images that aren't in memory are read one by one, and all of them become jobs or none") {
  const test::TemporaryFolder folder;
  JobsOptions options;
  options.images_max = 4;
  JobsFixture fixture(folder.path(), options);
  std::vector<std::size_t> files;
  const auto submit = [&](const std::vector<std::string>& contents) {
    files.clear();
    std::vector<JobImage> images;
    for (const std::string& bytes : contents) images.push_back(unread_image(bytes, fixture, files));
    return fixture.try_submit_images(std::move(images));
  };
  // There is room for the first ones only, so none is read.
  CHECK(error_of(submit({"dog", "cat", "fox", "ox", "hen"})) == SubmitError::full);
  CHECK(files.empty());
  CHECK(error_of(submit({"dog", ""})) == SubmitError::storage);
  CHECK(files == std::vector<std::size_t>{0, 1});
  CHECK(fixture.files() == 0);
  CHECK(fixture.jobs.load() == Jobs::Load{});
  CHECK(std::get<std::vector<std::string>>(submit({"dog", "cat"})).size() == 2);
  CHECK(files == std::vector<std::size_t>{0, 1});
  CHECK(fixture.jobs.load() == Jobs::Load{2, 0, 6});
}

TEST_CASE("if the spool can't be written, an error is returned and no job is kept") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  std::filesystem::remove(folder.path() / "spool");
  test::write_file(folder.path() / "spool", "in the way");
  CHECK(error_of(fixture.try_submit({"dog", "cat"})) == SubmitError::storage);
  CHECK(fixture.jobs.load() == Jobs::Load{});
}

TEST_CASE("a waiting job can be canceled, but not a finished one") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto ids = fixture.submit({"dog", "cat"});
  CHECK(fixture.run_beside(fixture.jobs.cancel(ids[0])));
  const auto job = fixture.find(ids[0]);
  REQUIRE(job);
  CHECK(job->state == JobState::failed);
  CHECK(job->reason == "cancelled");
  CHECK(fixture.files() == 1);
  CHECK(fixture.jobs.load() == Jobs::Load{1, 0, 3});
  CHECK_FALSE(fixture.run_beside(fixture.jobs.cancel(ids[0])));
  CHECK_FALSE(fixture.run_beside(fixture.jobs.cancel("0123")));
}

TEST_CASE("a job that is canceled between its answer and the write stays canceled") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto id = fixture.submit({"dog"}).front();
  const auto claimed = fixture.run_beside(fixture.jobs.claim(1, 100));
  REQUIRE(claimed.jobs.size() == 1);
  const ClaimToken token = claimed.jobs.front().token;
  CHECK(fixture.run_beside(fixture.jobs.cancel(id)));
  CHECK_FALSE(fixture.run_beside(fixture.jobs.finish(token, test::history_row("me"))));
  CHECK_FALSE(fixture.run_beside(fixture.jobs.put_back(token, {})));
  CHECK_FALSE(fixture.run_beside(fixture.jobs.fail(token, {"unreadable", "No picture."})));
  CHECK(fixture.find(id)->state == JobState::failed);
  CHECK(fixture.find(id)->reason == "cancelled");
  CHECK(fixture.rows() == 0);
  CHECK(fixture.jobs.load() == Jobs::Load{});
}

TEST_CASE("a claim from before a restart is stale") {
  const test::TemporaryFolder folder;
  std::string id;
  ClaimToken before;
  {
    JobsFixture fixture(folder.path());
    id = fixture.submit({"dog"}).front();
    before = fixture.run_beside(fixture.jobs.claim(1, 100)).jobs.at(0).token;
  }
  JobsFixture fixture(folder.path());
  const auto now = fixture.run_beside(fixture.jobs.claim(1, 100)).jobs.at(0).token;
  CHECK(now.owner != before.owner);
  CHECK_FALSE(fixture.run_beside(fixture.jobs.finish(before, test::history_row("me"))));
  CHECK(fixture.find(id)->state == JobState::running);
  CHECK(fixture.jobs.load() == Jobs::Load{0, 1, 3});
  CHECK(fixture.run_beside(fixture.jobs.finish(now, test::history_row("me"))));
  CHECK(fixture.find(id)->state == JobState::done);
  CHECK(fixture.rows() == 1);
}

TEST_CASE("a watch returns each state and then ends") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto id = fixture.submit({"dog"}).front();
  const auto watch = fixture.jobs.watch(id);
  REQUIRE(watch);
  CHECK(next(fixture, *watch)->state == JobState::waiting);
  CHECK_FALSE(next_now(fixture, *watch));
  CHECK_FALSE(watch->ended());
  fixture.classifier.hold = true;
  fixture.start();
  CHECK(next(fixture, *watch)->state == JobState::running);
  fixture.classifier.let_go();
  const auto done = next(fixture, *watch);
  REQUIRE(done);
  CHECK(done->state == JobState::done);
  REQUIRE(done->result);
  CHECK(done->result->top.at(0).label == "Samoyed");
  CHECK(watch->ended());
  CHECK_FALSE(next(fixture, *watch));
  fixture.stop();
}

TEST_CASE("a slow watcher gets only the latest state") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto id = fixture.submit({"dog"}).front();
  const auto watch = fixture.jobs.watch(id);
  fixture.start();
  CHECK(fixture.run_until_finished());
  CHECK(next(fixture, *watch)->state == JobState::done);
  CHECK(watch->ended());
  fixture.stop();
}

TEST_CASE("a watch ends if the job doesn't exist, and when the dispatcher stops") {
  const test::TemporaryFolder folder;
  JobsOptions options;
  options.watchers_max = 2;
  JobsFixture fixture(folder.path(), options);
  const auto unknown = fixture.jobs.watch("0123");
  CHECK_FALSE(next(fixture, *unknown));
  CHECK(unknown->ended());
  const auto id = fixture.submit({"dog"}).front();
  auto known = fixture.jobs.watch(id);
  CHECK(next(fixture, *known));
  CHECK_FALSE(fixture.jobs.watch(id));  // Too many.
  fixture.jobs.stop();
  CHECK_FALSE(next(fixture, *known));
  CHECK(known->ended());
  known.reset();
  CHECK(fixture.jobs.watch(id));
}

TEST_CASE("finished jobs are removed in batches after their retention, but their results stay") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto ids = fixture.submit({"dog", "cat", "fox"});
  CHECK(fixture.run_beside(fixture.jobs.cancel(ids[2])));
  fixture.start();
  CHECK(fixture.run_until_finished());
  fixture.stop();
  auto remove = [](Database& database) {
    return remove_finished_jobs(database, std::numeric_limits<std::int64_t>::max(), 2);
  };
  CHECK(fixture.run_beside(fixture.writer.run(remove)) == 2);
  CHECK(fixture.run_beside(fixture.writer.run(remove)) == 1);
  CHECK_FALSE(fixture.find(ids[0]));
  CHECK(fixture.rows() == 2);
}

TEST_CASE("deleting a visitor's results deletes their finished jobs too") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto done = fixture.submit({"dog"}).front();
  fixture.start();
  CHECK(fixture.run_until_finished());
  fixture.around.workers_in_rotation = 0;
  const auto waiting = fixture.submit({"cat"}).front();
  auto remove = [](Database& database) {
    return continue_removal(database, begin_removal(database, "me"), removed_rows_max);
  };
  CHECK(fixture.run_beside(fixture.writer.run(remove)) == 2);
  CHECK_FALSE(fixture.find(done));
  CHECK(fixture.find(waiting));
  CHECK(fixture.rows() == 0);
  fixture.stop();
}

TEST_CASE("an image whose submission was interrupted is kept only if its job was committed") {
  const test::TemporaryFolder folder;
  std::string id;
  {
    JobsFixture fixture(folder.path());
    id = fixture.submit({"dog"}).front();
  }
  // As if a crash had come between the commit and the renaming.
  const auto spool = folder.path() / "spool";
  std::filesystem::rename(spool / id, spool / (id + ".new"));
  std::ofstream(spool / "half.new") << "x";
  JobsFixture fixture(folder.path());
  CHECK(fixture.jobs.load() == Jobs::Load{1, 0, 3});
  CHECK(fixture.spool.ids() == std::vector<std::string>{id});
  CHECK(fixture.spool.incomplete_ids().empty());
}

TEST_CASE("a start sets files without jobs aside, and fails jobs without files") {
  const test::TemporaryFolder folder;
  std::vector<std::string> ids;
  {
    JobsFixture fixture(folder.path());
    ids = fixture.submit({"dog", "cat"});
  }
  const auto spool = folder.path() / "spool";
  std::filesystem::remove(spool / ids[0]);
  std::ofstream(spool / "stray") << "x";
  std::ofstream(spool / "half.new") << "x";
  JobsFixture fixture(folder.path());
  CHECK(fixture.files() == 1);
  CHECK_FALSE(std::filesystem::exists(spool / "half.new"));
  CHECK(std::filesystem::exists(folder.path() / "lost" / "stray"));
  CHECK(fixture.jobs.load() == Jobs::Load{1, 0, 3});
  CHECK(fixture.find(ids[0])->state == JobState::failed);
  CHECK(fixture.find(ids[0])->reason == "image_lost");
  CHECK(fixture.find(ids[1])->state == JobState::waiting);
}
