// What a store of jobs must do, whichever it is. Each test program of a store links this file.

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/storage/suite/store_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::history_row;
using test::StoreFixture;

namespace {

SubmitError error_of(const Submitted& submitted) { return std::get<SubmitError>(submitted); }

StorageOptions with_jobs(JobsOptions jobs) {
  StorageOptions options;
  options.jobs = jobs;
  return options;
}

/// An image of these bytes that is read when it is needed. An empty one can't be read.
JobImage unread_image_of(std::string bytes) {
  const std::uint64_t size = bytes.size();
  const auto read = [bytes]() -> asio::awaitable<std::string> {
    if (bytes.empty()) throw std::system_error(EIO, std::generic_category(), "a stored form");
    co_return bytes;
  };
  return {.file_name = bytes + ".jpg", .read = read, .unread_bytes = size};
}

std::optional<Job> next_now(StoreFixture& store, JobWatch& watch) {
  return store.await(watch.next(std::chrono::steady_clock::now()));
}

}  // namespace

TEST_CASE("store: a submitted job waits, and survives a restart") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto ids = store.submit({"dog", "cat"});
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] != ids[1]);
  CHECK(store.jobs().load() == Jobs::Load{2, 0, 6});
  store.reopen();
  CHECK(store.jobs().load() == Jobs::Load{2, 0, 6});
  const auto job = store.find(ids[1]);
  REQUIRE(job);
  CHECK(job->state == JobState::waiting);
  CHECK(job->file_name == "cat.jpg");
  CHECK(job->image_bytes == 3);
  CHECK(job->attempts == 0);
  CHECK_FALSE(store.find("0123"));
  CHECK_FALSE(store.find("'\xff"));
}

TEST_CASE("store: if a request exceeds the limits, all of its jobs are rejected") {
  JobsOptions limits;
  SECTION("by number") { limits.images_max = 2; }
  SECTION("by bytes") { limits.bytes_max = 7; }
  StoreFixture store(with_jobs(limits));
  if (!store.is_there()) return;
  store.submit({"dog"});
  CHECK(error_of(store.try_submit({"cat", "fox"})) == SubmitError::full);
  CHECK(store.jobs().load() == Jobs::Load{1, 0, 3});
  store.submit({"cat"}, "10.0.0.2");
  store.storage->stop();
  CHECK(error_of(store.try_submit({"fox"})) == SubmitError::stopping);
}

TEST_CASE("store: a client may have half of what others leave free, also after a restart") {
  JobsOptions limits;
  limits.images_max = 4;
  StoreFixture store(with_jobs(limits));
  if (!store.is_there()) return;
  const auto ids = store.submit({"dog", "cat"}, "10.0.0.1");
  CHECK(error_of(store.try_submit({"fox"}, "10.0.0.1")) == SubmitError::client_share);
  store.reopen();
  CHECK(error_of(store.try_submit({"fox"}, "10.0.0.1")) == SubmitError::client_share);
  store.submit({"fox"}, "10.0.0.2");
  SECTION("until one of its jobs is canceled") { CHECK(store.await(store.jobs().cancel(ids[0]))); }
  SECTION("until one of its jobs is done") {
    const auto claimed = store.claim(1);
    CHECK(store.await(store.jobs().finish(claimed.at(0).token, history_row("me"))));
  }
  SECTION("until one of its jobs fails") {
    const auto claimed = store.claim(1);
    CHECK(store.await(store.jobs().fail(claimed.at(0).token, {"unreadable", ""})));
  }
  store.submit({"fox"}, "10.0.0.1");
}

TEST_CASE("store: clients take turns with their jobs, also after a restart") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto first = store.submit({"a", "b", "c", "d"}, "10.0.0.1");
  CHECK(store.claim(2).size() == 2);
  SECTION("at once") {}
  SECTION("after a restart") { store.reopen(); }
  const auto second = store.submit({"e", "f"}, "10.0.0.2");
  std::vector<std::string> order;
  for (const ClaimedJob& job : store.claim(6)) order.push_back(job.token.job_id);
  if (order.size() == 6) order.erase(order.begin(), order.begin() + 2);  // They wait again.
  CHECK(order == std::vector<std::string>{first[2], second[0], first[3], second[1]});
}

TEST_CASE("store: of images that aren't in memory, all become jobs or none") {
  StoreFixture store;
  if (!store.is_there()) return;
  std::vector<JobImage> images;
  images.push_back(unread_image_of("dog"));
  images.push_back(unread_image_of(""));
  CHECK(error_of(store.try_submit_images(images)) == SubmitError::storage);
  CHECK(store.jobs().load() == Jobs::Load{});
  CHECK(store.claim(1).empty());
  images[1] = unread_image_of("mouse");
  images.push_back({"cat.jpg", "cat"});
  const auto ids = std::get<std::vector<std::string>>(store.try_submit_images(images));
  CHECK(store.jobs().load() == Jobs::Load{3, 0, 11});
  CHECK(store.claim(3).size() == 3);
  CHECK(store.await(store.jobs().image(ids.at(1)))->file_bytes() == 5);
  CHECK(store.await(store.jobs().image(ids.at(2)))->file_bytes() == 3);
}

TEST_CASE("store: jobs are claimed once, in order, with everything that was submitted") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto ids = store.submit({"dog", "mouse", "cat"});
  int submitted = 0;
  store.jobs().on_submitted([&] { ++submitted; });
  const auto first = store.claim(2, 7);
  REQUIRE(first.size() == 1);  // The second image doesn't fit.
  CHECK(first[0].token.job_id == ids[0]);
  CHECK(first[0].token.attempt == 1);
  CHECK(first[0].suspect_ends == 0);
  const JobRow& row = first[0].row;
  CHECK(row.job.attempts == 1);
  CHECK(row.job.file_name == "dog.jpg");
  CHECK(row.visitor == "me");
  CHECK(row.client == "::1");
  CHECK(row.request_id == "r-1");
  CHECK(row.top == 3);
  CHECK(row.model == "m");
  CHECK_FALSE(row.thumbnail_side);
  CHECK(store.jobs().load() == Jobs::Load{2, 1, 11});
  CHECK(store.find(ids[0])->state == JobState::running);
  // The first one is claimed, whatever its size.
  const auto second = store.claim(2, 0);
  REQUIRE(second.size() == 1);
  CHECK(second[0].token.job_id == ids[1]);
  const auto rest = store.await(store.jobs().claim(5, 1000));
  CHECK(rest.jobs.size() == 1);
  CHECK_FALSE(rest.next_due_ms);
  CHECK(store.claim(5).empty());
  store.submit({"fox"});
  CHECK(submitted == 1);
  const auto image = store.await(store.jobs().image(ids[1]));
  REQUIRE(image);
  CHECK(image->file_bytes() == 5);
  CHECK_FALSE(store.await(store.jobs().image("0123")));
}

TEST_CASE("store: a finished job has its result, and its token is stale") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto id = store.submit({"dog"}).front();
  const ClaimToken token = store.claim(1).at(0).token;
  CHECK(store.await(store.jobs().finish(token, history_row("me"))));
  CHECK(store.jobs().load() == Jobs::Load{});
  store.reopen();
  const auto job = store.find(id);
  REQUIRE(job);
  CHECK(job->state == JobState::done);
  CHECK(job->attempts == 1);
  CHECK(job->reason.empty());
  REQUIRE(job->result);
  CHECK(job->result->visitor == "me");
  CHECK(job->result->top == history_row("me").top);
  CHECK(job->result->has_thumbnail);
  CHECK(job->result->thumbnail.empty());
  CHECK_FALSE(store.await(store.jobs().fail(token, {"unreadable", "No picture."})));
  CHECK_FALSE(store.await(store.jobs().put_back(token, {})));
  CHECK_FALSE(store.await(store.jobs().cancel(id)));
  CHECK(store.page().rows.size() == 1);
  CHECK_FALSE(store.await(store.jobs().image(id)));
}

TEST_CASE("store: a failed job has the reason") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto id = store.submit({"dog"}).front();
  CHECK(store.await(
      store.jobs().fail(store.claim(1).at(0).token, {"unreadable", "No \xff picture."})));
  const auto job = store.find(id);
  REQUIRE(job);
  CHECK(job->state == JobState::failed);
  CHECK(job->reason == "unreadable");
  CHECK(job->detail.starts_with("No "));
  CHECK_FALSE(job->result);
  CHECK(store.jobs().load() == Jobs::Load{});
  CHECK(store.page().rows.empty());
}

TEST_CASE("store: a job that is put back waits until it is due, with a new token") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto id = store.submit({"dog"}).front();
  const ClaimToken first = store.claim(1).at(0).token;
  CHECK(store.await(store.jobs().put_back(first, {.counted = false})));
  CHECK(store.jobs().load() == Jobs::Load{1, 0, 3});
  CHECK(store.find(id)->attempts == 0);
  const ClaimToken second = store.claim(1).at(0).token;
  CHECK(second.attempt == 2);
  CHECK_FALSE(store.await(store.jobs().finish(first, history_row("me"))));
  const JobRetry later{.error = {"all_busy", "All workers are busy."},
                       .pause = std::chrono::hours(1)};
  CHECK(store.await(store.jobs().put_back(second, later)));
  CHECK(store.find(id)->state == JobState::waiting);
  CHECK(store.find(id)->reason == "all_busy");
  CHECK(store.find(id)->attempts == 1);
}

TEST_CASE("store: a job that is canceled between its answer and the write stays canceled") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto ids = store.submit({"dog", "cat"});
  const ClaimToken token = store.claim(1).at(0).token;
  std::vector<std::string> canceled;
  store.jobs().on_cancelled([&](const std::string& id) { canceled.push_back(id); });
  CHECK(store.await(store.jobs().cancel(ids[0])));
  CHECK(store.await(store.jobs().cancel(ids[1])));
  CHECK(canceled == ids);
  CHECK_FALSE(store.await(store.jobs().finish(token, history_row("me"))));
  CHECK_FALSE(store.await(store.jobs().put_back(token, {})));
  CHECK_FALSE(store.await(store.jobs().fail(token, {"unreadable", "No picture."})));
  for (const std::string& id : ids) {
    CHECK(store.find(id)->state == JobState::failed);
    CHECK(store.find(id)->reason == "cancelled");
  }
  CHECK(store.page().rows.empty());
  CHECK(store.jobs().load() == Jobs::Load{});
  CHECK_FALSE(store.await(store.jobs().cancel("0123")));
}

TEST_CASE("store: a watch returns each state and then ends") {
  JobsOptions limits;
  limits.watchers_max = 2;
  StoreFixture store(with_jobs(limits));
  if (!store.is_there()) return;
  const auto id = store.submit({"dog"}).front();
  const auto watch = store.jobs().watch(id);
  REQUIRE(watch);
  CHECK(next_now(store, *watch)->state == JobState::waiting);
  CHECK_FALSE(next_now(store, *watch));
  const ClaimToken token = store.claim(1).at(0).token;
  CHECK(next_now(store, *watch)->state == JobState::running);
  CHECK_FALSE(watch->ended());
  CHECK(store.await(store.jobs().finish(token, history_row("me"))));
  const auto done = next_now(store, *watch);
  REQUIRE(done);
  CHECK(done->state == JobState::done);
  CHECK(done->result);
  CHECK(watch->ended());
  auto unknown = store.jobs().watch("0123");
  CHECK_FALSE(store.jobs().watch(id));  // Too many.
  CHECK_FALSE(next_now(store, *unknown));
  CHECK(unknown->ended());
  unknown.reset();
  store.storage->stop();
  CHECK(store.jobs().watch(id)->ended());
}

TEST_CASE("store: deleting a visitor's results deletes their finished jobs too") {
  StoreFixture store;
  if (!store.is_there()) return;
  const auto ids = store.submit({"dog", "cat", "fox"});
  CHECK(store.await(store.jobs().finish(store.claim(1).at(0).token, history_row("me"))));
  CHECK(store.await(store.jobs().cancel(ids[1])));
  CHECK(store.await(store.history().remove_all("me")) == 1);
  CHECK_FALSE(store.find(ids[0]));
  CHECK_FALSE(store.find(ids[1]));
  CHECK(store.find(ids[2]));
  CHECK(store.page().rows.empty());
}
