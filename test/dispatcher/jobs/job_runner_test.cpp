#include "dispatcher/jobs/job_runner.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/interactive_classifier.hpp"
#include "dispatcher/jobs/jobs_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::failure;
using test::JobsFixture;

TEST_CASE("a job is recognized and recorded for its visitor, and its image is removed") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  fixture.start();
  const auto id = fixture.submit({"dog"}).front();
  REQUIRE(fixture.run_until_finished());
  CHECK(fixture.classifier.last_top == 3);
  CHECK(fixture.classifier.last_bytes == 3);
  const auto job = fixture.find(id);
  REQUIRE(job);
  CHECK(job->state == JobState::done);
  CHECK(job->attempts == 1);
  REQUIRE(job->result);
  CHECK(job->result->visitor == "me");
  CHECK(job->result->client == "::1");
  CHECK(job->result->source == HistorySource::job);
  CHECK(job->result->request_id == "r-1");
  CHECK(job->result->file_name == "dog.jpg");
  CHECK(job->result->image_bytes == 3);
  CHECK(job->result->worker == "localhost:8888");
  CHECK(job->result->model == "squeezenet1_1");
  CHECK(job->result->top.at(0).label == "Samoyed");
  CHECK(job->result->times.total_ms == 12);
  CHECK(fixture.run_until([&] { return fixture.files() == 0; }));
  fixture.stop();
}

TEST_CASE("jobs let interactive requests go first and leave a slot free") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  fixture.around = {.workers_in_rotation = 4, .interactive = 4};
  fixture.submit({"a", "b", "c", "d", "e", "f"});
  fixture.classifier.hold = true;
  fixture.start();
  // Gives the runner time to start a job.
  for (int turn = 0; turn < 20; ++turn) fixture.find("0123");
  CHECK(fixture.classifier.asked == 0);
  fixture.around.interactive = 1;
  fixture.runner.wake();
  CHECK(fixture.run_until([&] { return fixture.classifier.at_once == 2; }));
  fixture.around.interactive = 0;
  fixture.runner.wake();
  CHECK(fixture.run_until([&] { return fixture.classifier.at_once == 3; }));
  fixture.classifier.let_go();
  CHECK(fixture.run_until_finished());
  CHECK(fixture.classifier.most_at_once == 3);
  fixture.stop();
}

TEST_CASE("jobs wait for a worker") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  fixture.around.workers_in_rotation = 0;
  const auto id = fixture.submit({"dog"}).front();
  fixture.start();
  for (int turn = 0; turn < 20; ++turn) fixture.find(id);
  CHECK(fixture.classifier.asked == 0);
  CHECK(fixture.find(id)->state == JobState::waiting);
  fixture.around.workers_in_rotation = 1;
  CHECK(fixture.run_until_finished());  // The runner notices by itself; nothing wakes it.
  fixture.stop();
}

TEST_CASE("a bad image fails its job with the reason") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  fixture.classifier.outcomes.push_back(
      Failure{.reason = FailureReason::refused,
              .refusal = protocol::Refusal{protocol::RefusalReason::unreadable, "No picture."}});
  const auto id = fixture.submit({"dog"}).front();
  fixture.start();
  CHECK(fixture.run_until_finished());
  const auto job = fixture.find(id);
  CHECK(job->state == JobState::failed);
  CHECK(job->reason == "unreadable");
  CHECK(job->detail == "No picture.");
  CHECK(fixture.rows() == 0);
  CHECK(fixture.run_until([&] { return fixture.files() == 0; }));
  fixture.stop();
}

TEST_CASE("a temporary failure puts a job back for a while") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  fixture.classifier.outcomes.push_back(failure(FailureReason::all_busy));
  const auto id = fixture.submit({"dog"}).front();
  fixture.start();
  REQUIRE(fixture.run_until(
      [&] { return fixture.classifier.asked == 1 && fixture.jobs.load().waiting == 1; }));
  const auto job = fixture.find(id);
  CHECK(job->state == JobState::waiting);
  CHECK(job->reason == "all_busy");
  CHECK(job->attempts == 1);
  auto due_later = [now_ms = job->changed_ms](Database& database) {
    return claim_jobs(database, "owner", now_ms + 999, 1, running_bytes_max).jobs.size();
  };
  CHECK(fixture.classifier.asked == 1);
  fixture.stop();
  CHECK(fixture.run_beside(fixture.writer.run(due_later)) == 0);
}

TEST_CASE("attempts that found no free worker don't count against an image") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  fixture.classifier.outcomes.push_back(failure(FailureReason::deadline));
  const auto id = fixture.submit({"dog"}).front();
  auto as_after_many = [id](Database& database) {
    database.prepare("UPDATE job SET attempts = 1000 WHERE id = ?").bind(id).run();
    return true;
  };
  REQUIRE(fixture.run_beside(fixture.writer.run(as_after_many)));
  fixture.start();
  REQUIRE(fixture.run_until(
      [&] { return fixture.classifier.asked == 1 && fixture.jobs.load().running == 0; }));
  CHECK(fixture.find(id)->state == JobState::waiting);
  CHECK(fixture.find(id)->reason == "deadline");
  CHECK(fixture.files() == 1);
  fixture.stop();
}

TEST_CASE("a job waits and keeps its image while the image can't be read") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto id = fixture.submit({"dog"}).front();
  const auto image = folder.path() / "spool" / id;
  std::filesystem::rename(image, folder.path() / "kept");
  // Not even root can read a folder, or open a link to itself.
  SECTION("it can't be read") { std::filesystem::create_directory(image); }
  SECTION("it can't be opened") { std::filesystem::create_symlink(image, image); }
  fixture.start();
  REQUIRE(fixture.run_until([&] { return fixture.find(id)->reason == "no_resources"; }));
  CHECK(fixture.find(id)->state == JobState::waiting);
  CHECK(fixture.find(id)->attempts == 1);
  CHECK(fixture.classifier.asked == 0);
  std::filesystem::remove(image);
  std::filesystem::rename(folder.path() / "kept", image);
  CHECK(fixture.run_until_finished());
  CHECK(fixture.find(id)->state == JobState::done);
  fixture.stop();
}

TEST_CASE("a claim takes as many jobs as their images fit into memory, but at least one") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  for (const char* id : {"a", "b", "c", "d"}) {
    JobRow row{};
    row.job.id = id;
    row.job.submitted_ms = 10;
    row.job.image_bytes = 100;
    insert_job(database, row);
  }
  CHECK(claim_jobs(database, "owner", 100, 10, 299).jobs.size() == 2);
  CHECK(claim_jobs(database, "owner", 100, 10, 0).jobs.size() == 1);
  CHECK(claim_jobs(database, "owner", 100, 10, 299).jobs.size() == 1);
}

TEST_CASE("due jobs are claimed in the order of their turns, and a clock set back delays none") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  const auto insert = [&](const std::string& id, std::int64_t time_ms, std::int64_t turn) {
    JobRow row{};
    row.job.id = id;
    row.job.submitted_ms = time_ms;
    row.turn = turn;
    insert_job(database, row);
  };
  insert("second", 10, 2);
  insert("first", 20, 1);
  insert("later", 1000, 1);
  insert("from the future", 100000000, 2);
  auto claimed = claim_jobs(database, "owner", 100, 10, running_bytes_max);
  REQUIRE(claimed.jobs.size() == 3);
  CHECK(claimed.jobs[0].row.job.id == "first");
  CHECK(claimed.jobs[1].row.job.id == "second");
  CHECK(claimed.jobs[2].row.job.id == "from the future");
  CHECK(claimed.next_due_ms == 1000);
  CHECK(claim_jobs(database, "owner", 100, 10, running_bytes_max).jobs.empty());
}

TEST_CASE("a running job that is canceled records nothing") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  fixture.classifier.hold = true;
  const auto id = fixture.submit({"dog"}).front();
  fixture.start();
  REQUIRE(fixture.run_until([&] { return fixture.classifier.at_once == 1; }));
  CHECK(fixture.run_beside(fixture.jobs.cancel(id)));
  CHECK(fixture.run_until([&] { return fixture.classifier.at_once == 0; }));
  fixture.stop();
  CHECK(fixture.find(id)->state == JobState::failed);
  CHECK(fixture.rows() == 0);
  CHECK(fixture.jobs.load() == Jobs::Load{});
}

TEST_CASE("a shutdown puts running jobs back without counting the attempt") {
  const test::TemporaryFolder folder;
  std::string id;
  {
    JobsFixture fixture(folder.path());
    fixture.classifier.hold = true;
    id = fixture.submit({"dog"}).front();
    fixture.start();
    REQUIRE(fixture.run_until([&] { return fixture.classifier.at_once == 1; }));
    fixture.stop();
    CHECK(fixture.classifier.at_once == 0);
    CHECK(fixture.find(id)->state == JobState::waiting);
    CHECK(fixture.find(id)->attempts == 0);
  }
  JobsFixture fixture(folder.path());
  fixture.start();
  CHECK(fixture.run_until_finished());
  CHECK(fixture.find(id)->state == JobState::done);
  fixture.stop();
}

TEST_CASE("a missing image fails its job") {
  const test::TemporaryFolder folder;
  JobsFixture fixture(folder.path());
  const auto id = fixture.submit({"dog"}).front();
  std::filesystem::remove(folder.path() / "spool" / id);
  fixture.start();
  CHECK(fixture.run_until_finished());
  CHECK(fixture.find(id)->reason == "image_lost");
  CHECK(fixture.classifier.asked == 0);
  fixture.stop();
}

TEST_CASE("interactive requests are counted until they are answered") {
  asio::io_context io;
  test::ScriptedClassifier inner(io);
  inner.hold = true;
  InteractiveClassifier interactive(inner);
  int ends = 0;
  interactive.on_end([&] { ends += interactive.in_flight() == 0; });
  ClassifyRequest request;
  request.image = std::make_shared<const protocol::EncodedImage>(std::span<const std::byte>());
  asio::co_spawn(io, interactive.classify(std::move(request)),
                 [](std::exception_ptr, const Outcome&) {});
  io.poll();
  CHECK(interactive.in_flight() == 1);
  inner.let_go();
  io.restart();
  const test::Wait wait("the end of an interactive request");
  io.run();
  CHECK(interactive.in_flight() == 0);
  CHECK(ends == 1);
}
