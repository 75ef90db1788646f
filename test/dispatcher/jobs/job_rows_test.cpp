#include "dispatcher/jobs/job_rows.hpp"

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/job_policy.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

/// A database with one waiting job, `dog`.
struct OneJob {
  OneJob() {
    JobRow row{};
    row.job.id = "dog";
    row.job.submitted_ms = 10;
    row.job.image_bytes = 100;
    insert_job(database, row);
  }

  ClaimToken claim(const std::string& owner) {
    const auto claimed = claim_jobs(database, owner, 1000000, 1, running_bytes_max);
    REQUIRE(claimed.jobs.size() == 1);
    return claimed.jobs.front().token;
  }
  bool finish(const ClaimToken& token) {
    return finish_job(database, token, test::history_row("me"), 2000, [] {}).has_value();
  }
  bool fail(const ClaimToken& token) {
    return fail_job(database, token, {"unreadable", "No picture."}, 2000).has_value();
  }
  bool put_back(const ClaimToken& token) { return put_back_job(database, token, {}, 2000); }
  Job job() { return find_job(database, "dog").value(); }
  std::size_t results() { return find_rows(database, {}).rows.size(); }

  test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
};

}  // namespace

TEST_CASE("a claim's token has its owner and the number of the claim") {
  OneJob jobs;
  const ClaimToken first = jobs.claim("one");
  CHECK(first == ClaimToken{"dog", "one", 1});
  CHECK(jobs.put_back(first));
  CHECK(jobs.claim("two") == ClaimToken{"dog", "two", 2});
}

TEST_CASE("after a restart a job that was running is due, even if the clock was set back") {
  OneJob jobs;
  const ClaimToken token = jobs.claim("one");
  CHECK(put_back_job(jobs.database, token, {.pause = std::chrono::seconds(60)}, 1000000));
  REQUIRE(claim_jobs(jobs.database, "one", 1060000, 1, running_bytes_max).jobs.size() == 1);
  wait_again(jobs.database);
  CHECK(claim_jobs(jobs.database, "two", 1000000, 1, running_bytes_max).jobs.size() == 1);
}

TEST_CASE("only the current claim can end a job") {
  OneJob jobs;
  const ClaimToken stale = jobs.claim("one");
  ClaimToken current;
  SECTION("another owner claimed it after a restart") {
    wait_again(jobs.database);
    current = jobs.claim("two");
  }
  SECTION("the same owner put it back and claimed it again") {
    REQUIRE(put_back_job(jobs.database, stale, {.counted = false}, 1000));
    current = jobs.claim("one");
  }
  CHECK(jobs.job().state == JobState::running);
  const Job running = jobs.job();
  CHECK_FALSE(jobs.put_back(stale));
  CHECK_FALSE(jobs.fail(stale));
  CHECK_FALSE(jobs.finish(stale));
  CHECK(jobs.job() == running);
  CHECK(jobs.results() == 0);
  CHECK(jobs.finish(current));
  CHECK(jobs.job().state == JobState::done);
  CHECK(jobs.results() == 1);
}

TEST_CASE("a claim ends a job only once") {
  OneJob jobs;
  const ClaimToken token = jobs.claim("one");
  SECTION("finished") { CHECK(jobs.finish(token)); }
  SECTION("failed") { CHECK(jobs.fail(token)); }
  SECTION("cancelled") {
    CHECK(fail_unfinished_job(jobs.database, "dog", {"cancelled", "The job was canceled."}, 1500));
  }
  const Job ended = jobs.job();
  const std::size_t results = jobs.results();
  CHECK_FALSE(jobs.finish(token));
  CHECK_FALSE(jobs.fail(token));
  CHECK_FALSE(jobs.put_back(token));
  CHECK(jobs.job() == ended);
  CHECK(jobs.results() == results);
}

TEST_CASE("an index has the waiting jobs in the order of their turns") {
  OneJob jobs;
  auto plan = jobs.database.prepare("EXPLAIN QUERY PLAN " + due_jobs_query());
  std::string text;
  while (plan.step()) text += plan.text(3) + "\n";
  CHECK_THAT(text, Catch::Contains("USING INDEX job_turn"));
  CHECK_THAT(text, !Catch::Contains("TEMP B-TREE"));  // Nothing is sorted.
}

TEST_CASE("a result belongs to the visitor who has the job when it ends") {
  OneJob jobs;
  const ClaimToken token = jobs.claim("one");
  jobs.database.execute("UPDATE job SET visitor = 'new me'");
  CHECK(jobs.finish(token));
  CHECK(find_rows(jobs.database, {.visitor = "new me"}).rows.size() == 1);
  CHECK(find_rows(jobs.database, {.visitor = "me"}).rows.empty());
}
