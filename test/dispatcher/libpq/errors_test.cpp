#include "dispatcher/libpq/errors.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;

TEST_CASE("errors after which the same statement may succeed are told apart from others") {
  CHECK_THROWS_AS(throw_error("23505", "duplicate key"), DuplicateError);
  // Serialization failure, deadlock, full disk, too many connections, lock and statement timeouts,
  // a shutdown, a disk's error.
  for (const char* state :
       {"40001", "40P01", "53100", "53300", "55P03", "57014", "57P01", "58030"}) {
    CHECK_THROWS_AS(throw_error(state, "later"), UnavailableError);
    CHECK_FALSE(ends_connection(state));
  }
  // A lost connection, a server that became a standby, a plan from before a migration.
  for (const char* state : {"08006", "25006", "0A000"}) {
    CHECK_THROWS_AS(throw_error(state, "connect again"), ConnectionLostError);
    CHECK(ends_connection(state));
  }
  for (const char* state : {"42P01", "22001", ""}) {
    try {
      throw_error(state, "our mistake");
    } catch (const StorageError& error) {
      CHECK(dynamic_cast<const UnavailableError*>(&error) == nullptr);
      CHECK(error.what() == std::string("our mistake"));
    }
  }
}
