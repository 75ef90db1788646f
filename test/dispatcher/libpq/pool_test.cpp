#include "dispatcher/libpq/pool.hpp"

#include <catch2/catch.hpp>

#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using test::wait_for;

namespace {

Connection unreachable() { throw UnavailableError("no route to the host"); }

bool nothing(Connection&) { return true; }

}  // namespace

TEST_CASE("while the database can't be reached, tasks of a pool fail") {
  asio::io_context io;
  Pool pool(unreachable, 2);
  CHECK_THROWS_AS(wait_for(io, pool.run(nothing)), UnavailableError);
  CHECK_THROWS_AS(wait_for(io, pool.run(nothing)), UnavailableError);
  pool.stop();
  CHECK_THROWS_AS(wait_for(io, pool.run(nothing)), UnavailableError);
}

TEST_CASE("a pool accepts no task beyond its limits") {
  asio::io_context io;
  Pool pool(unreachable, 1, {.tasks_max = 10, .bytes_max = 100});
  CHECK_THROWS_WITH(wait_for(io, pool.run(nothing, 101)), Catch::Contains("too many operations"));
  CHECK_THROWS_WITH(wait_for(io, pool.run(nothing, 100)), "no route to the host");
  Pool full(unreachable, 1, {.tasks_max = 0});
  CHECK_THROWS_WITH(wait_for(io, full.run(nothing)), Catch::Contains("too many operations"));
}
