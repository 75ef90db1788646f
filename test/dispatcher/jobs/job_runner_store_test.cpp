/// Tests the runner with a store that isn't a database: what it requires of any JobStore.

#include <catch2/catch.hpp>

#include "dispatcher/jobs/jobs_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

/// Holds one job in memory, hands it out one or more times, and records how the runner ends it.
class OneJobStore final : public JobStore {
 public:
  asio::awaitable<Submitted> submit(JobRequest) override { co_return SubmitError::full; }
  asio::awaitable<std::optional<Job>> find(std::string) override { co_return std::nullopt; }
  asio::awaitable<bool> cancel(std::string) override { co_return false; }
  std::unique_ptr<JobWatch> watch(std::string) override { return nullptr; }
  Load load() const override { return {.waiting = claims_left}; }

  asio::awaitable<ClaimedJobs> claim(std::size_t, std::uint64_t bytes_max) override {
    bytes_offered.push_back(bytes_max);
    --claims_left;
    ClaimedJob job{.row = {}, .token = token, .suspect_ends = suspect_ends};
    job.row.job.id = token.job_id;
    job.row.job.attempts = 1;
    job.row.job.image_bytes = image_bytes;
    ClaimedJobs claimed;
    claimed.jobs.push_back(std::move(job));
    co_return claimed;
  }
  asio::awaitable<std::shared_ptr<const protocol::EncodedImage>> image(std::string) override {
    co_return std::make_shared<const protocol::EncodedImage>(std::span<const std::byte>());
  }
  asio::awaitable<bool> finish(ClaimToken used, HistoryRow) override {
    co_return record("finish", used);
  }
  asio::awaitable<bool> fail(ClaimToken used, JobError error) override {
    co_return record("fail " + error.reason, used);
  }
  asio::awaitable<bool> put_back(ClaimToken used, JobRetry retry) override {
    co_return record("put back " + retry.error.reason + (retry.suspect ? " (suspect)" : ""), used);
  }
  void on_submitted(std::function<void()>) override {}
  void on_cancelled(std::function<void(const std::string&)>) override {}

  const ClaimToken token{.job_id = "dog", .owner = "me", .attempt = 7};
  std::size_t claims_left = 1;
  std::uint64_t image_bytes = 0;
  std::vector<std::uint64_t> bytes_offered;  ///< For each claim.
  int suspect_ends = 0;                      ///< What the store knows of earlier attempts.
  int failures = 0;                          ///< How many of the next writes fail.
  bool stale = false;                        ///< Whether the token has become stale.
  std::vector<std::string> ends;

 private:
  bool record(const std::string& end, const ClaimToken& used) {
    CHECK(used == token);
    ends.push_back(end);
    if (failures-- > 0) throw StorageError("the disk is full");
    return !stale;
  }
};

/// Runs the job to its end, as often as it is handed out.
void carry_out(OneJobStore& store, std::optional<FailureReason> reason = std::nullopt) {
  asio::io_context io;
  test::ScriptedClassifier classifier(io);
  const std::size_t jobs = store.claims_left;
  for (std::size_t job = 0; reason && job < jobs; ++job) {
    classifier.outcomes.push_back(test::failure(*reason));
  }
  JobRunner runner(
      io.get_executor(), store, classifier,
      [] { return JobRunner::Surroundings{.workers_in_rotation = 1, .interactive = 0}; },
      {.storage_pause = std::chrono::milliseconds(1),
       .look_interval = std::chrono::milliseconds(1)});
  asio::co_spawn(io, runner.run(), [](std::exception_ptr) {});
  const auto ended = [&] {
    return classifier.asked == static_cast<int>(jobs) && store.ends.size() >= jobs;
  };
  const test::Wait wait("the end of " + std::to_string(jobs) + " jobs");
  while (!(ended() && store.failures <= 0)) io.run_one_for(std::chrono::milliseconds(10));
  // If the end were written twice, these further turns would show it.
  for (int turn = 0; turn < 20; ++turn) io.run_one_for(std::chrono::milliseconds(2));
  runner.stop();
  io.run();
}

using Ends = std::vector<std::string>;

}  // namespace

TEST_CASE("the runner ends a job in any store with the token of its claim") {
  OneJobStore store;
  SECTION("recognized") {
    carry_out(store);
    CHECK(store.ends == Ends{"finish"});
  }
  SECTION("bad image") {
    carry_out(store, FailureReason::workers_closed);
    CHECK(store.ends == Ends{"fail workers_closed"});
  }
  SECTION("busy workers") {
    carry_out(store, FailureReason::all_busy);
    CHECK(store.ends == Ends{"put back all_busy"});
  }
}

TEST_CASE("a job whose attempts all end with a suspicion about its image fails in the end") {
  OneJobStore store;
  store.claims_left = suspect_ends_max;
  carry_out(store, FailureReason::deadline);
  Ends expected(suspect_ends_max - 1, "put back deadline (suspect)");
  expected.push_back("fail deadline");
  CHECK(store.ends == expected);
}

TEST_CASE("suspicions that the store knows count, although this dispatcher had none") {
  OneJobStore store;
  store.suspect_ends = suspect_ends_max - 2;
  carry_out(store, FailureReason::deadline);
  CHECK(store.ends == Ends{"put back deadline (suspect)"});
  store.suspect_ends = suspect_ends_max - 1;
  store.claims_left = 1;
  store.ends.clear();
  carry_out(store, FailureReason::deadline);
  CHECK(store.ends == Ends{"fail deadline"});
}

TEST_CASE("the runner drops the outcome of a job whose claim is stale") {
  OneJobStore store;
  store.stale = true;
  carry_out(store);
  CHECK(store.ends == Ends{"finish"});
}

TEST_CASE("the runner retries a write until the store accepts it") {
  OneJobStore store;
  store.failures = 2;
  carry_out(store);
  CHECK(store.ends == Ends{"finish", "finish", "finish"});
}

TEST_CASE("the bytes of a job that ended are there for the next one") {
  OneJobStore store;
  store.claims_left = 3;
  store.image_bytes = running_bytes_max;
  carry_out(store);
  CHECK(store.ends == Ends{"finish", "finish", "finish"});
  CHECK(store.bytes_offered == std::vector<std::uint64_t>(3, running_bytes_max));
}
