#include "dispatcher/jobs/job_runner.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/interactive_classifier.hpp"
#include "dispatcher/jobs/jobs_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::failure;
using test::JobsHouse;

TEST_CASE("a job is recognised, recorded as its visitor's, and its image removed") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  house.start();
  const auto id = house.submit({"dog"}).front();
  REQUIRE(house.run_until_finished());
  CHECK(house.classifier.last_top == 3);
  CHECK(house.classifier.last_bytes == 3);
  const auto job = house.find(id);
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
  CHECK(house.run_until([&] { return house.files() == 0; }));
  house.stop();
}

TEST_CASE("jobs keep out of the way of those who wait, and leave a slot free") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  house.around = {.workers_in_rotation = 4, .interactive = 4};
  house.submit({"a", "b", "c", "d", "e", "f"});
  house.classifier.hold = true;
  house.start();
  // Everything that a start would need has its turn.
  for (int turn = 0; turn < 20; ++turn) house.find("0123");
  CHECK(house.classifier.asked == 0);
  house.around.interactive = 1;
  house.runner.wake();
  CHECK(house.run_until([&] { return house.classifier.at_once == 2; }));
  house.around.interactive = 0;
  house.runner.wake();
  CHECK(house.run_until([&] { return house.classifier.at_once == 3; }));
  house.classifier.let_go();
  CHECK(house.run_until_finished());
  CHECK(house.classifier.most_at_once == 3);
  house.stop();
}

TEST_CASE("jobs wait for a worker") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  house.around.workers_in_rotation = 0;
  const auto id = house.submit({"dog"}).front();
  house.start();
  for (int turn = 0; turn < 20; ++turn) house.find(id);
  CHECK(house.classifier.asked == 0);
  CHECK(house.find(id)->state == JobState::waiting);
  house.around.workers_in_rotation = 1;
  CHECK(house.run_until_finished());  // Nobody wakes the runner: it looks by itself.
  house.stop();
}

TEST_CASE("an image at fault fails its job with the reason") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  house.classifier.outcomes.push_back(
      Failure{.reason = FailureReason::refused,
              .refusal = protocol::Refusal{protocol::RefusalReason::unreadable, "No picture."}});
  const auto id = house.submit({"dog"}).front();
  house.start();
  CHECK(house.run_until_finished());
  const auto job = house.find(id);
  CHECK(job->state == JobState::failed);
  CHECK(job->reason == "unreadable");
  CHECK(job->detail == "No picture.");
  CHECK(house.rows() == 0);
  CHECK(house.run_until([&] { return house.files() == 0; }));
  house.stop();
}

TEST_CASE("what may pass puts a job back, for a while") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  house.classifier.outcomes.push_back(failure(FailureReason::all_busy));
  const auto id = house.submit({"dog"}).front();
  house.start();
  REQUIRE(house.run_until(
      [&] { return house.classifier.asked == 1 && house.jobs.load().waiting == 1; }));
  const auto job = house.find(id);
  CHECK(job->state == JobState::waiting);
  CHECK(job->reason == "all_busy");
  CHECK(job->attempts == 1);
  auto due_later = [now_ms = job->changed_ms](Database& database) {
    return claim_jobs(database, "owner", now_ms + 999, 1, running_bytes_max).jobs.size();
  };
  CHECK(house.classifier.asked == 1);
  house.stop();
  CHECK(house.run_beside(house.writer.run(due_later)) == 0);
}

TEST_CASE("attempts that met no free worker don't condemn an image") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  house.classifier.outcomes.push_back(failure(FailureReason::deadline));
  const auto id = house.submit({"dog"}).front();
  auto as_after_many = [id](Database& database) {
    database.prepare("UPDATE job SET attempts = 1000 WHERE id = ?").bind(id).run();
    return true;
  };
  REQUIRE(house.run_beside(house.writer.run(as_after_many)));
  house.start();
  REQUIRE(house.run_until(
      [&] { return house.classifier.asked == 1 && house.jobs.load().running == 0; }));
  CHECK(house.find(id)->state == JobState::waiting);
  CHECK(house.find(id)->reason == "deadline");
  CHECK(house.files() == 1);
  house.stop();
}

TEST_CASE("a job waits where its image can't be read for a while, and keeps the image") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto id = house.submit({"dog"}).front();
  // Opened and not read: a folder, which also root can't read as a file.
  const auto image = folder.path() / "spool" / id;
  std::filesystem::rename(image, folder.path() / "kept");
  std::filesystem::create_directory(image);
  house.start();
  REQUIRE(house.run_until([&] { return house.find(id)->reason == "no_resources"; }));
  CHECK(house.find(id)->state == JobState::waiting);
  CHECK(house.find(id)->attempts == 1);
  CHECK(house.classifier.asked == 0);
  std::filesystem::remove(image);
  std::filesystem::rename(folder.path() / "kept", image);
  CHECK(house.run_until_finished());
  CHECK(house.find(id)->state == JobState::done);
  house.stop();
}

TEST_CASE("only so many jobs are taken at once as their images fit into memory, and one always") {
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

TEST_CASE("jobs are taken the longest due first, and a clock that was set back holds none") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  const auto insert = [&](const std::string& id, std::int64_t time_ms) {
    JobRow row{};
    row.job.id = id;
    row.job.submitted_ms = time_ms;
    insert_job(database, row);
  };
  insert("second", 20);
  insert("first", 10);
  insert("later", 1000);
  insert("from the future", 100000000);
  auto claimed = claim_jobs(database, "owner", 100, 10, running_bytes_max);
  REQUIRE(claimed.jobs.size() == 3);
  CHECK(claimed.jobs[0].row.job.id == "first");
  CHECK(claimed.jobs[1].row.job.id == "second");
  CHECK(claimed.jobs[2].row.job.id == "from the future");
  CHECK(claimed.next_due_ms == 1000);
  CHECK(claim_jobs(database, "owner", 100, 10, running_bytes_max).jobs.empty());
}

TEST_CASE("a running job that is cancelled records nothing") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  house.classifier.hold = true;
  const auto id = house.submit({"dog"}).front();
  house.start();
  REQUIRE(house.run_until([&] { return house.classifier.at_once == 1; }));
  CHECK(house.run_beside(house.jobs.cancel(id)));
  CHECK(house.run_until([&] { return house.classifier.at_once == 0; }));
  house.stop();
  CHECK(house.find(id)->state == JobState::failed);
  CHECK(house.rows() == 0);
  CHECK(house.jobs.load() == Jobs::Load{});
}

TEST_CASE("at the dispatcher's end running jobs go back, with no attempt counted") {
  const test::TemporaryFolder folder;
  std::string id;
  {
    JobsHouse house(folder.path());
    house.classifier.hold = true;
    id = house.submit({"dog"}).front();
    house.start();
    REQUIRE(house.run_until([&] { return house.classifier.at_once == 1; }));
    house.stop();
    CHECK(house.classifier.at_once == 0);
    CHECK(house.find(id)->state == JobState::waiting);
    CHECK(house.find(id)->attempts == 0);
  }
  JobsHouse house(folder.path());
  house.start();
  CHECK(house.run_until_finished());
  CHECK(house.find(id)->state == JobState::done);
  house.stop();
}

TEST_CASE("an image that vanished fails its job") {
  const test::TemporaryFolder folder;
  JobsHouse house(folder.path());
  const auto id = house.submit({"dog"}).front();
  std::filesystem::remove(folder.path() / "spool" / id);
  house.start();
  CHECK(house.run_until_finished());
  CHECK(house.find(id)->reason == "image_lost");
  CHECK(house.classifier.asked == 0);
  house.stop();
}

TEST_CASE("those who wait are counted until their answer") {
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
  io.run();
  CHECK(interactive.in_flight() == 0);
  CHECK(ends == 1);
}
