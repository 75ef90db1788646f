#include "dispatcher/postgres/postgres_storage.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/postgres/lease_rows.hpp"
#include "dispatcher/postgres/migrations.hpp"
#include "dispatcher/postgres/postgres_fixture.hpp"
#include "dispatcher/postgres/removal_rows.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using Catch::Matchers::Contains;
using test::find_server;
using test::history_row;
using test::options_of;
using test::PostgresServer;
using test::run_beside;
using test::run_until;
using test::stop;
using test::submit;
using test::wait_for;

TEST_CASE("several dispatchers that start at once create the tables once") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  std::vector<std::thread> threads;
  std::atomic<int> created = 0;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      Connection connection(url);
      migrate(connection);
      ++created;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(created == 4);
}

TEST_CASE("tables of a newer version are refused, unless they say that this one may use them") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  Connection connection(url);
  migrate(connection);
  connection.execute("UPDATE schema_version SET version = 1000");
  CHECK_NOTHROW(migrate(connection));
  connection.execute("UPDATE schema_version SET usable_since = 1000");
  CHECK_THROWS_AS(migrate(connection), NewerSchemaError);
  asio::io_context io;
  CHECK_THROWS_WITH(PostgresStorage(io.get_executor(), options_of(url)),
                    Contains("update this program"));
}

TEST_CASE("a job is watched and canceled at another dispatcher") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage here(io.get_executor(), options_of(url));
  PostgresStorage there(io.get_executor(), options_of(url));
  CHECK(here.visitor_key() == there.visitor_key());
  bool heard = false;
  there.jobs().on_submitted([&] { heard = true; });
  std::vector<std::string> canceled;
  there.jobs().on_cancelled([&](const std::string& id) { canceled.push_back(id); });
  here.start();
  there.start();
  const std::string id = submit(io, here);
  const auto watch = here.jobs().watch(id);
  const auto limit = std::chrono::steady_clock::now() + test::wait_max();
  CHECK(run_beside(io, watch->next(limit))->state == JobState::waiting);
  CHECK(run_until(io, [&] { return heard && there.jobs().load().waiting == 1; }));
  CHECK(run_beside(io, there.jobs().claim(1, 100)).jobs.size() == 1);
  CHECK(run_beside(io, watch->next(limit))->state == JobState::running);
  CHECK(run_beside(io, here.jobs().cancel(id)));
  CHECK(run_until(io, [&] { return !canceled.empty(); }));
  CHECK(canceled.front() == id);
  stop(io, {&here, &there});
}

TEST_CASE("a dispatcher that restarts under its name takes its jobs back at once") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  Connection connection(url);
  migrate(connection);
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  const std::string id = submit(io, storage);
  // What a killed dispatcher leaves.
  begin_lease(connection, "killed", "alpha");
  CHECK(claim_jobs(connection, "killed", 1, 100).jobs.size() == 1);
  CHECK(rescue_jobs(connection).waiting == 0);
  PostgresStorage again(io.get_executor(), options_of(url, "alpha"));
  again.start();
  CHECK(run_until(
      io, [&] { return run_beside(io, again.jobs().find(id))->state == JobState::waiting; }));
  stop(io, {&again});
}

TEST_CASE("a claim that this dispatcher doesn't know is put back") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  const std::string id = submit(io, storage);
  // As if the connection had been lost after the claim was committed.
  Connection connection(url);
  const std::string owner = connection.run("SELECT id FROM dispatcher").text(0, 0);
  CHECK(claim_jobs(connection, owner, 1, 100).jobs.size() == 1);
  storage.start();
  CHECK(run_until(
      io, [&] { return run_beside(io, storage.jobs().find(id))->state == JobState::waiting; }));
  stop(io, {&storage});
}

TEST_CASE("old rows, and removals that were interrupted, are removed in pieces") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  StorageOptions options = options_of(url);
  options.history.rows_max = 3;
  PostgresStorage storage(io.get_executor(), options);
  for (int time_ms = 1; time_ms <= 5; ++time_ms) {
    storage.history()->record(history_row(time_ms == 4 ? "you" : "me", time_ms));
  }
  CHECK(wait_for(io, storage.history()->remove_all("nobody")) == 0);
  Connection connection(url);
  begin_removal(connection, "you");
  connection.execute("UPDATE removal SET changed_ms = 0");
  storage.start();
  CHECK(run_until(io, [&] {
    const auto page = run_beside(io, storage.history()->find({}));
    return page.rows.size() == 3 && page.rows.back().id == 2;
  }));
  CHECK(connection.run("SELECT count(*) FROM thumbnail").integer(0, 0) == 3);
  stop(io, {&storage});
}

TEST_CASE("an adoption that was interrupted goes on") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  storage.history()->record(history_row("me"));
  CHECK(wait_for(io, storage.history()->remove_all("nobody")) == 0);
  Connection(url).execute("INSERT INTO adoption VALUES ('me', 'new', false, true)");
  storage.start();
  CHECK(run_until(io, [&] {
    return run_beside(io, storage.history()->find({.visitor = "new"})).rows.size() == 1;
  }));
  stop(io, {&storage});
}

TEST_CASE("results that are still coming from a former id are deleted too") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  storage.history()->record(history_row("me"));
  CHECK(wait_for(io, storage.history()->remove_all("nobody")) == 0);
  Connection(url).execute("INSERT INTO adoption VALUES ('me', 'new', false, true)");
  CHECK(wait_for(io, storage.history()->remove_all("new")) == 1);
  CHECK(wait_for(io, storage.history()->find({})).rows.empty());
}

TEST_CASE("a request with an image that can't be read leaves none of its images") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  JobRequest request;
  const auto read = []() -> asio::awaitable<std::string> { co_return "dog"; };
  const auto fail = []() -> asio::awaitable<std::string> {
    throw std::system_error(EIO, std::generic_category(), "a stored form");
    co_return std::string();
  };
  request.images.push_back({.file_name = "dog.jpg", .read = read, .unread_bytes = 3});
  request.images.push_back({.file_name = "cat.jpg", .read = fail, .unread_bytes = 3});
  CHECK(std::get<SubmitError>(wait_for(io, storage.jobs().submit(request))) ==
        SubmitError::storage);
  CHECK(Connection(url).run("SELECT count(*) FROM job_image").integer(0, 0) == 0);
  request.images.pop_back();
  CHECK(std::get<std::vector<std::string>>(wait_for(io, storage.jobs().submit(request))).size() ==
        1);
  CHECK(Connection(url).run("SELECT count(*) FROM job_image").integer(0, 0) == 1);
}

TEST_CASE("a clock that jumps doesn't empty the history") {
  PostgresServer* const server = find_server();
  if (!server) return;
  Connection connection(server->create_database());
  migrate(connection);
  connection.execute(
      "INSERT INTO job_end SELECT n, n, 3, '', 1, 1, 0, 1000, '', '', 1, '', '', NULL"
      " FROM generate_series(1, 2000) AS n");
  const RetentionLimits limits{.keep_rows_ms = 1000, .rows_max = 1000, .keep_jobs_ms = 1000};
  RetentionBudget budget = retention_budget(connection);
  CHECK_FALSE(remove_old(connection, limits, budget));
  // No job is newer, so that none is old, whatever the clock says.
  CHECK(connection.run("SELECT count(*) FROM job_end").integer(0, 0) == 2000);
  connection.execute("UPDATE job_end SET changed_ms = now_ms() WHERE number = 1");
  budget = retention_budget(connection);
  while (remove_old(connection, limits, budget)) {
  }
  CHECK(connection.run("SELECT count(*) FROM job_end").integer(0, 0) == 2000 - (2000 / 720 + 1));
}
