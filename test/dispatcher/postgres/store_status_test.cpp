/// What operators learn of a store in PostgreSQL.

#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "dispatcher/postgres/postgres_fixture.hpp"
#include "dispatcher/postgres/postgres_storage.hpp"
#include "dispatcher/postgres/snapshots.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using std::chrono::milliseconds;
using test::find_server;
using test::history_row;
using test::options_of;
using test::PostgresServer;
using test::run_beside;
using test::run_until;
using test::stop;
using test::submit;

namespace {

CallCounts calls_of(const StoreStatus& status, const std::string& name) {
  for (const StoreStatus::Part& part : status.parts) {
    if (part.name == name) return part.calls;
  }
  FAIL("there is no part " << name);
  return {};
}

/// Closes all other connections to the database.
void close_connections(Connection& admin) {
  admin.execute(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname ="
      " current_database() AND pid <> pg_backend_pid()");
}

}  // namespace

TEST_CASE("calls, lost connections and the lease are counted") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  submit(io, storage);
  storage.history()->record(history_row("me"));
  CHECK(run_beside(io, storage.history()->remove_all("nobody")) == 0);
  const StoreStatus before = storage.status();
  CHECK(calls_of(before, "jobs").done >= 1);
  CHECK(calls_of(before, "jobs").total_s > 0);
  CHECK(calls_of(before, "writer").done >= 1);
  CHECK(calls_of(before, "lease").done >= 1);
  CHECK(calls_of(before, "statistics").done == 0);
  REQUIRE(before.shared);
  CHECK(before.shared->reconnects == 0);
  CHECK(before.shared->connect_failures == 0);
  Connection admin(url);
  close_connections(admin);
  CHECK(run_until(io, [&] { return storage.status().shared->reconnects >= 1; }));
}

TEST_CASE("without a database the lease ages, and calls and connections fail") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  server->stop_at_once();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  CHECK_THROWS_AS(run_beside(io, storage.jobs().find("1")), StorageError);
  const StoreStatus status = storage.status();
  CHECK(calls_of(status, "jobs").failed == 1);
  CHECK(calls_of(status, "jobs").total_s == 0);
  CHECK(calls_of(status, "lease").failed >= 1);
  CHECK(status.shared->connect_failures >= 2);
  CHECK_FALSE(status.shared->oldest_snapshot);
  const auto age = status.shared->lease_age;
  CHECK(run_until(io, [&] { return storage.status().shared->lease_age > age; }));
  server->start();
  CHECK(run_until(io, [&] { return storage.problem().empty(); }));
}

TEST_CASE("the age of the oldest waiting job is known at every dispatcher") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage here(io.get_executor(), options_of(url));
  PostgresStorage there(io.get_executor(), options_of(url));
  here.start();
  CHECK_FALSE(here.status().oldest_waiting);
  submit(io, there);
  Connection admin(url);
  admin.execute("UPDATE job SET submitted_ms = submitted_ms - 3600000");
  submit(io, there);
  const milliseconds hour(3600000);
  CHECK(run_until(io, [&] { return here.status().oldest_waiting >= hour; }));
  CHECK(run_beside(io, there.jobs().claim(2, 100)).jobs.size() == 2);
  CHECK(run_until(io, [&] { return !here.status().oldest_waiting; }));
  stop(io, {&here});
}

TEST_CASE("jobs that were taken over, and the late ends of their claims, are counted") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage cut_off(io.get_executor(), options_of(url));
  PostgresStorage rescuer(io.get_executor(), options_of(url));
  submit(io, cut_off);
  submit(io, cut_off);
  submit(io, cut_off);
  const auto claimed = run_beside(io, cut_off.jobs().claim(3, 100)).jobs;
  REQUIRE(claimed.size() == 3);
  Connection admin(url);
  admin.execute("UPDATE job SET owner = 'gone'");  // Its lease is over.
  rescuer.start();
  CHECK(run_until(io, [&] { return rescuer.status().shared->rescued == 3; }));
  CHECK_FALSE(run_beside(io, cut_off.jobs().finish(claimed[0].token, history_row("me"))));
  CHECK_FALSE(
      run_beside(io, cut_off.jobs().fail(claimed[1].token, {.reason = "internal", .detail = {}})));
  CHECK_FALSE(run_beside(io, cut_off.jobs().put_back(claimed[2].token, {})));
  CHECK(cut_off.status().shared->refused_ends == 3);
  CHECK(rescuer.status().shared->rescue_failed == 0);
  stop(io, {&rescuer});
}

TEST_CASE("the end of a job that was canceled, or ended before, isn't counted as refused") {
  PostgresServer* const server = find_server();
  if (!server) return;
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(server->create_database()));
  const std::string id = submit(io, storage);
  submit(io, storage);
  const auto claimed = run_beside(io, storage.jobs().claim(2, 100)).jobs;
  REQUIRE(claimed.size() == 2);
  CHECK(run_beside(io, storage.jobs().cancel(id)));
  const std::size_t canceled = claimed[0].token.job_id == id ? 0 : 1;
  CHECK_FALSE(run_beside(io, storage.jobs().finish(claimed[canceled].token, history_row("me"))));
  const ClaimToken other = claimed[1 - canceled].token;
  CHECK(run_beside(io, storage.jobs().fail(other, {.reason = "internal", .detail = {}})));
  CHECK_FALSE(run_beside(io, storage.jobs().fail(other, {.reason = "internal", .detail = {}})));
  CHECK(storage.status().shared->refused_ends == 0);
}

TEST_CASE("a transaction that keeps old rows is found with its age, and only in this database") {
  const auto connection = test::make_tables();
  if (!connection) return;
  PostgresServer* const server = find_server();
  CHECK(find_oldest_snapshot(*connection).count() == 0);
  const std::string without_limit = "SET idle_in_transaction_session_timeout TO 0";
  Connection elsewhere(server->create_database());
  elsewhere.execute(without_limit);
  Transaction away(elsewhere);
  elsewhere.execute("SELECT txid_current()");
  CHECK(find_oldest_snapshot(*connection).count() == 0);
  const std::string database = connection->run("SELECT current_database()").text(0, 0);
  Connection reader(server->url(database));
  reader.execute(without_limit);
  Transaction idle(reader);
  CHECK(find_oldest_snapshot(*connection).count() == 0);
  reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  const test::Wait wait("the transaction to have an age");
  milliseconds age{0};
  while (age.count() == 0) age = find_oldest_snapshot(*connection);
  while (find_oldest_snapshot(*connection) <= age) continue;
}

TEST_CASE("a dispatcher looks for old snapshots") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  CHECK_FALSE(storage.status().shared->oldest_snapshot);
  storage.start();
  CHECK(run_until(io, [&] { return storage.status().shared->oldest_snapshot.has_value(); }));
  stop(io, {&storage});
}
