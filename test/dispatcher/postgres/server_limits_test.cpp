/// What a server of PostgreSQL refuses: connections, writes, and to go on.

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/libpq/pool.hpp"
#include "dispatcher/postgres/postgres_fixture.hpp"
#include "dispatcher/postgres/postgres_storage.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using Catch::Matchers::Contains;
using test::find_server;
using test::options_of;
using test::PostgresServer;
using test::request_of;
using test::run_beside;
using test::run_until;
using test::submit;
using test::wait_for;

namespace {

/// A user who may have only some connections.
class LimitedUser {
 public:
  LimitedUser(PostgresServer& server, const std::string& name)
      : name_(name), url_(server.create_database()), admin_(url_) {
    admin_.execute("CREATE ROLE " + name + " LOGIN");
  }

  void allow(int connections) {
    admin_.execute("ALTER ROLE " + name_ + " CONNECTION LIMIT " + std::to_string(connections));
  }

  Connection open() const {
    std::string url = url_;
    const std::string admin = "samoyed@";
    return Connection(url.replace(url.find(admin), admin.size(), name_ + "@"));
  }

 private:
  const std::string name_;
  const std::string url_;
  Connection admin_;
};

bool select_one(Connection& connection) { return connection.run("SELECT 1").integer(0, 0) == 1; }

std::string database_of(Connection& connection) {
  return connection.run("SELECT current_database()").text(0, 0);
}

bool is_refused(asio::io_context& io, Storage& storage) {
  const auto submitted = run_beside(io, storage.jobs().submit(request_of("dog")));
  const auto* const error = std::get_if<SubmitError>(&submitted);
  return error && *error == SubmitError::storage;
}

}  // namespace

TEST_CASE("a pool works with the connections that it can have") {
  PostgresServer* const server = find_server();
  if (!server) return;
  LimitedUser user(*server, "one_connection");
  user.allow(1);
  asio::io_context io;
  Pool pool([&] { return user.open(); }, 4);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::shared_ptr<test::Started<bool>>> started;
    for (int task = 0; task < 10; ++task) started.push_back(test::start(io, pool.run(select_one)));
    CHECK(run_until(io, [&] {
      for (const auto& one : started) {
        if (!one->ended) return false;
      }
      return true;
    }));
    for (const auto& one : started) CHECK(one->value == true);
  }
  CHECK(pool.use().connect_failures >= 1);
  CHECK(pool.problem().empty());
}

TEST_CASE("a pool without a connection says why, until it has one") {
  PostgresServer* const server = find_server();
  if (!server) return;
  LimitedUser user(*server, "no_connection");
  user.allow(0);
  asio::io_context io;
  Pool pool([&] { return user.open(); }, 2);
  CHECK(pool.problem().empty());
  CHECK_THROWS_WITH(wait_for(io, pool.run(select_one)), Contains("too many connections"));
  CHECK_THAT(pool.problem(), Contains("too many connections"));
  user.allow(-1);
  CHECK(run_until(io, [&] {
    try {
      return wait_for(io, pool.run(select_one));
    } catch (const UnavailableError&) {
      return false;
    }
  }));
  CHECK(pool.problem().empty());
}

TEST_CASE("a server without a free connection is used as soon as it has one") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  std::vector<std::unique_ptr<Connection>> taken;
  std::string why;
  while (why.empty()) {
    try {
      taken.push_back(std::make_unique<Connection>(url));
    } catch (const UnavailableError& error) {
      why = error.what();
    }
  }
  CHECK_THAT(why, Contains("too many clients"));
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  CHECK_THAT(storage.problem(), Contains("too many clients"));
  CHECK(is_refused(io, storage));
  taken.clear();
  CHECK(run_until(io, [&] { return storage.problem().empty() && !is_refused(io, storage); }));
}

TEST_CASE("a database that became read-only is used again when it isn't any more") {
  PostgresServer* const server = find_server();
  if (!server) return;
  const std::string url = server->create_database();
  asio::io_context io;
  PostgresStorage storage(io.get_executor(), options_of(url));
  submit(io, storage);
  Connection admin(url);
  const std::string alter = "ALTER DATABASE " + database_of(admin);
  admin.execute(alter + " SET default_transaction_read_only TO on");
  admin.execute(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname ="
      " current_database() AND pid <> pg_backend_pid()");
  CHECK(run_until(io, [&] { return is_refused(io, storage) && !storage.problem().empty(); }));
  CHECK_THAT(storage.problem(), Contains("read-only"));
  admin.execute(alter + " RESET default_transaction_read_only");
  CHECK(run_until(io, [&] { return storage.problem().empty() && !is_refused(io, storage); }));
}

TEST_CASE("a connection to a server that became read-only is given up") {
  const auto connection = test::make_tables();
  if (!connection) return;
  connection->execute("SET default_transaction_read_only TO on");
  CHECK_THROWS_AS(connection->execute("DELETE FROM job"), ConnectionLostError);
  CHECK_FALSE(connection->is_alive());
}

TEST_CASE("a statement that the end of the server interrupts says so, and may be repeated") {
  const auto connection = test::make_tables();
  if (!connection) return;
  const std::int64_t process = connection->run("SELECT pg_backend_pid()").integer(0, 0);
  Connection admin(find_server()->url(database_of(*connection)));
  connection->execute("SET statement_timeout TO 0");
  const std::jthread terminator([&] {
    const std::string sleeping =
        "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
    while (admin.run(sleeping, Params().add(process)).integer(0, 0) == 0) continue;
    admin.run("SELECT pg_terminate_backend($1::integer)", Params().add(process));
  });
  try {
    connection->run("SELECT pg_sleep(600)");
    FAIL("the statement wasn't interrupted");
  } catch (const ConnectionLostError& error) {
    CHECK_THAT(error.what(), Contains("administrator command"));
  }
}

TEST_CASE("a connection whose server doesn't answer a check is given up") {
  const auto connection = test::make_tables();
  if (!connection) return;
  connection->check(call_timeout);
  const auto process = static_cast<pid_t>(connection->run("SELECT pg_backend_pid()").integer(0, 0));
  REQUIRE(kill(process, SIGSTOP) == 0);
  CHECK_THROWS_WITH(connection->check(std::chrono::milliseconds(50)), Contains("in time"));
  CHECK_FALSE(connection->is_alive());
  kill(process, SIGCONT);
}

TEST_CASE("a stricter isolation that the database asks for doesn't apply") {
  const auto tables = test::make_tables();
  if (!tables) return;
  const std::string database = database_of(*tables);
  tables->execute("ALTER DATABASE " + database +
                  " SET default_transaction_isolation TO serializable");
  Connection connection(find_server()->url(database));
  CHECK(connection.run("SHOW transaction_isolation").text(0, 0) == "read committed");
}
