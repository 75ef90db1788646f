/// What PostgreSQL does while a dispatcher uses it: it isn't there, crashes, and closes
/// connections.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/postgres/postgres_fixture.hpp"
#include "dispatcher/postgres/postgres_storage.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using test::find_server;
using test::history_row;
using test::options_of;
using test::PostgresServer;
using test::request_of;
using test::rows_of_page;
using test::run_beside;
using test::run_until;
using test::submit;
using test::wait_for;

namespace {

/// A transaction whose COMMIT is done, but whose client doesn't learn that. The server waits for a
/// standby that doesn't exist before it answers, and meanwhile the connection is closed. It waits
/// for 10 s at most (`statement_timeout`). Then it answers after all, and nothing is lost.
class LostCommit {
 public:
  /// From now on, clients of the database have new connections, which wait for the standby. `query`
  /// is a pattern of the statement whose answer is to be lost.
  LostCommit(const std::string& url, std::string query) : admin_(url), query_(std::move(query)) {
    set("on");
    close_all();
  }

  /// Closes all connections if such a statement waits for the standby. Then later connections
  /// don't. Returns whether that has happened.
  bool happened() {
    if (happened_) return true;
    const Result waiting = admin_.run(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND"
        " wait_event = 'SyncRep' AND query LIKE $1",
        Params().add(query_));
    if (waiting.rows() == 0) return false;
    set("local");
    close_all();
    happened_ = true;
    return true;
  }

 private:
  void set(const std::string& level) {
    const std::string database = admin_.run("SELECT current_database()").text(0, 0);
    admin_.execute("ALTER DATABASE " + database + " SET synchronous_commit TO " + level);
  }

  void close_all() {
    admin_.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname ="
        " current_database() AND pid <> pg_backend_pid()");
  }

  Connection admin_;
  const std::string query_;
  bool happened_ = false;
};

std::int64_t rows_in(const std::string& url, const std::string& table) {
  return Connection(url).run("SELECT count(*) FROM " + table).integer(0, 0);
}

}  // namespace

TEST_CASE("a database that can't be reached at the start is used as soon as it can be") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  server->stop_at_once();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  bool key_known = false;
  storage.on_visitor_key([&] { key_known = true; });
  CHECK_FALSE(storage.problem().empty());
  CHECK_THROWS_AS(storage.visitor_key(), std::runtime_error);
  CHECK(std::get<SubmitError>(run_beside(io, storage.jobs().submit(request_of("dog")))) ==
        SubmitError::storage);
  CHECK_THROWS_AS(run_beside(io, storage.history()->find({})), StorageError);
  CHECK(storage.history()->record(history_row("me")));
  server->start();
  CHECK(run_until(io, [&] { return key_known && storage.problem().empty(); }));
  CHECK_FALSE(storage.visitor_key().empty());
  CHECK(run_until(io, [&] { return rows_of_page(io, storage) == 1; }));
  CHECK(run_until(io, [&] {
    const auto submitted = run_beside(io, storage.jobs().submit(request_of("dog")));
    return !std::holds_alternative<SubmitError>(submitted);
  }));
}

TEST_CASE("rows that are recorded while the database restarts are written once each") {
  PostgresServer* const server = find_server();
  if (!server) return;
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(server->create_database()));
  constexpr int rows = 150;
  std::atomic<int> accepted = 0;
  std::thread recorder([&] {
    for (int time_ms = 1; time_ms <= rows; ++time_ms) {
      accepted += storage.history()->record(history_row("me", time_ms));
      std::this_thread::yield();
    }
  });
  server->stop_at_once();
  server->start();
  recorder.join();
  CHECK(accepted == rows);
  CHECK(run_until(io, [&] { return rows_of_page(io, storage) >= rows; }));
  CHECK(run_until(io, [&] { return rows_of_page(io, storage) == rows; }));
  CHECK(storage.history()->dropped() == 0);
}

TEST_CASE("a connection that the server has closed is replaced without an error") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  const std::string id = submit(io, storage);
  Connection(url).execute(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname ="
      " current_database() AND pid <> pg_backend_pid()");
  CHECK(run_beside(io, storage.jobs().find(id)).has_value());
  CHECK(run_beside(io, storage.jobs().claim(1, 100)).jobs.size() == 1);
}

TEST_CASE("that a visitor got a new id is recorded although the database restarts") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  storage.history()->record(history_row("me"));
  CHECK(wait_for(io, storage.history()->remove_all("nobody")) == 0);
  CHECK(wait_for(io, storage.history()->adopt("me", "new", Adopted::all)));
  server->stop_at_once();
  storage.history()->confirm_adoption("me");
  server->start();
  CHECK(run_until(
      io, [&] { return Connection(url).run("SELECT count(*) FROM adoption").integer(0, 0) == 0; }));
  CHECK(storage.history()->dropped() == 0);
}

TEST_CASE("a row is written once although the answer to its COMMIT was lost") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  LostCommit lost(url, "COMMIT");
  CHECK(storage.history()->record(history_row("me", 1)));
  CHECK(run_until(io, [&] { return lost.happened() || rows_of_page(io, storage) > 0; }));
  CHECK(storage.history()->record(history_row("me", 2)));
  CHECK(run_until(io, [&] { return rows_of_page(io, storage) >= 2; }));
  CHECK(rows_of_page(io, storage) == 2);
  CHECK(storage.history()->dropped() == 0);
}

TEST_CASE("a job is submitted once although the answer to its COMMIT was lost") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  LostCommit lost(url, "COMMIT");
  const auto submitted = test::start(io, storage.jobs().submit(request_of("dog")));
  CHECK(run_until(io, [&] { return lost.happened() || submitted->ended; }));
  CHECK(run_until(io, [&] { return submitted->ended; }));
  REQUIRE(submitted->value);
  CHECK(std::get<std::vector<std::string>>(*submitted->value).size() == 1);
  CHECK(storage.jobs().load() == Jobs::Load{1, 0, 3});
  CHECK(rows_in(url, "job") == 1);
  CHECK(rows_in(url, "job_image") == 1);
}

TEST_CASE("a job ends once although the answer to its end was lost") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  const std::string id = submit(io, storage);
  const ClaimToken token = run_beside(io, storage.jobs().claim(1, 100)).jobs.at(0).token;
  LostCommit lost(url, "WITH gone AS (DELETE FROM job %");
  const auto first = test::start(io, storage.jobs().finish(token, history_row("me")));
  CHECK(run_until(io, [&] { return lost.happened() || first->ended; }));
  CHECK(run_until(io, [&] { return first->ended; }));
  // The runner tries again after an error.
  CHECK(run_beside(io, storage.jobs().finish(token, history_row("me"))));
  CHECK(run_beside(io, storage.jobs().find(id))->state == JobState::done);
  CHECK(rows_in(url, "recognition") == 1);
}
