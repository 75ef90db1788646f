#include "dispatcher/postgres/job_rows.hpp"

#include <catch2/catch.hpp>

#include "dispatcher/jobs/job_policy.hpp"
#include "dispatcher/postgres/lease_rows.hpp"
#include "dispatcher/postgres/postgres_server.hpp"
#include "dispatcher/postgres/retention_rows.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using test::history_row;
using test::make_tables;

namespace {

void insert_one(Connection& connection, const std::string& id,
                Insertion insertion = Insertion::first) {
  JobRow row{};
  row.job.id = id;
  row.job.image_bytes = 3;
  row.visitor = "me";
  insert_jobs(connection, {row}, {{"dog.jpg", "dog"}}, insertion);
}

std::int64_t count(Connection& connection, const std::string& table) {
  return connection.run("SELECT count(*) FROM " + table).integer(0, 0);
}

ClaimToken claim_one(Connection& connection, const std::string& owner) {
  return claim_jobs(connection, owner, 1, 1000).jobs.at(0).token;
}

}  // namespace

TEST_CASE("the jobs of a dead dispatcher run elsewhere, and its late results are refused") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  begin_lease(*connection, "a", "first");
  begin_lease(*connection, "b", "second");
  const ClaimToken late = claim_one(*connection, "a");
  CHECK(rescue_jobs(*connection).waiting == 0);
  // By the database's clock, the dispatcher was seen for the last time 30 s ago.
  connection->execute("UPDATE dispatcher SET seen_ms = now_ms() - 30000 WHERE id = 'a'");
  CHECK(rescue_jobs(*connection).waiting == 1);
  const ClaimedJob again = claim_jobs(*connection, "b", 1, 1000).jobs.at(0);
  CHECK(again.suspect_ends == 1);
  CHECK_FALSE(finish_job(*connection, late, history_row("me")));
  CHECK_FALSE(put_back_job(*connection, late, {}));
  CHECK(count(*connection, "recognition") == 0);
  CHECK(finish_job(*connection, again.token, history_row("me")) == 3);
  CHECK_FALSE(finish_job(*connection, late, history_row("me")));
  CHECK(count(*connection, "recognition") == 1);
  CHECK(count(*connection, "job_image") == 0);
}

TEST_CASE("a job is inserted once, but a repeated insertion waits for the standby") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  const auto log_size = [&] {
    return connection->run("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").integer(0, 0);
  };
  // A COMMIT waits for the standby only if its transaction has written to the log.
  const std::int64_t before = log_size();
  insert_one(*connection, "job", Insertion::repeated);
  CHECK(log_size() > before);
  CHECK(count(*connection, "job") == 1);
}

TEST_CASE("a claim that ended is ended once, although its end is repeated") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  const ClaimToken token = claim_one(*connection, "a");
  CHECK(finish_job(*connection, token, history_row("me")) == 3);
  CHECK(finish_job(*connection, token, history_row("me")) == 0);
  CHECK(count(*connection, "recognition") == 1);
}

TEST_CASE("a job that is submitted twice is inserted once, also after its end") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  insert_one(*connection, "job");
  CHECK(count(*connection, "job_image") == 1);
  CHECK(find_unfinished(*connection).load == Jobs::Load{1, 0, 3});
  finish_job(*connection, claim_one(*connection, "a"), history_row("me"));
  insert_one(*connection, "job");
  CHECK(find_unfinished(*connection).load == Jobs::Load{});
}

TEST_CASE("a job that was inserted again during its end is discarded") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  finish_job(*connection, claim_one(*connection, "a"), history_row("me"));
  insert_one(*connection, "other");
  connection->execute("UPDATE job SET id = 'job'; UPDATE job_image SET id = 'job'");
  CHECK_FALSE(finish_job(*connection, claim_one(*connection, "b"), history_row("me")));
  CHECK(find_unfinished(*connection).load == Jobs::Load{});
  CHECK(count(*connection, "recognition") == 1);
  CHECK(count(*connection, "job_image") == 0);
}

TEST_CASE("an image that was stored for a rejected job is removed, and that of a job isn't") {
  const auto connection = make_tables();
  if (!connection) return;
  JobRow rejected{};
  rejected.job.id = "rejected";
  insert_image(*connection, "rejected", "dog");
  insert_one(*connection, "job");
  JobRow accepted{};
  accepted.job.id = "job";
  remove_images(*connection, {rejected, accepted});
  CHECK_FALSE(find_image(*connection, "rejected"));
  CHECK(find_image(*connection, "job") == "dog");
  // A dispatcher that is killed leaves such images too.
  insert_image(*connection, "rejected", "dog");
  RetentionBudget budget = retention_budget(*connection);
  remove_old(*connection, {}, budget);
  CHECK(count(*connection, "job_image") == 2);
  connection->execute("UPDATE job_image SET stored_ms = 0");
  remove_old(*connection, {}, budget);
  CHECK_FALSE(find_image(*connection, "rejected"));
  CHECK(find_image(*connection, "job") == "dog");
}

TEST_CASE("an image that ends dispatchers fails at last") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  for (int end = 1; end < suspect_ends_max; ++end) {
    claim_one(*connection, "dead");
    CHECK(rescue_jobs(*connection).waiting == 1);
  }
  claim_one(*connection, "dead");
  const Rescued last = rescue_jobs(*connection);
  CHECK(last.waiting == 0);
  CHECK(last.failed == 1);
  CHECK(find_job(*connection, "job")->reason == "worker_failed");
  CHECK(count(*connection, "job_image") == 0);
}

TEST_CASE("several dispatchers claim each job once, and don't wait for each other") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "one");
  insert_one(*connection, "two");
  Connection other(connection
                       ->run("SELECT 'postgresql://samoyed@/' || current_database() ||"
                             " '?host=' || current_setting('unix_socket_directories')")
                       .text(0, 0));
  Transaction first(*connection);
  const auto claimed = claim_jobs(*connection, "a", 1, 1000).jobs;
  REQUIRE(claimed.size() == 1);
  const auto beside = claim_jobs(other, "b", 5, 1000).jobs;
  REQUIRE(beside.size() == 1);
  CHECK(beside[0].token.job_id != claimed[0].token.job_id);
  first.commit();
}

TEST_CASE("a job that is put back for a suspect end counts it") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  put_back_job(*connection, claim_one(*connection, "a"), {.suspect = true});
  put_back_job(*connection, claim_one(*connection, "a"), {.counted = false});
  CHECK(claim_jobs(*connection, "b", 1, 1000).jobs.at(0).suspect_ends == 1);
}

TEST_CASE("a clock of the database that was set back delays no job") {
  const auto connection = make_tables();
  if (!connection) return;
  insert_one(*connection, "job");
  connection->execute("UPDATE job SET due_ms = now_ms() + 3600000");
  CHECK(claim_jobs(*connection, "a", 1, 1000).jobs.empty());
  rescue_jobs(*connection);
  CHECK(claim_jobs(*connection, "a", 1, 1000).jobs.size() == 1);
}
