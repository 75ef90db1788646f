#include "dispatcher/postgres/worker_rows.hpp"

#include <catch2/catch.hpp>

#include "dispatcher/postgres/postgres_server.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using test::make_tables;

TEST_CASE("the table of workers has what was said last about each address") {
  const auto connection = make_tables();
  if (!connection) return;
  const protocol::Address ann{"10.0.0.1", 8888};
  const protocol::Address bob{"bob.example", 1};
  const std::vector<ListingChange> both = {{ann, Listing::listed}, {bob, Listing::held_out}};
  write_listings(*connection, "alpha", both);
  write_listings(*connection, "alpha", both);
  CHECK(find_listings(*connection) == Listings{{ann, Listing::listed}, {bob, Listing::held_out}});
  write_listings(*connection, "beta", {{bob, Listing::listed}, {ann, std::nullopt}});
  CHECK(find_listings(*connection) == Listings{{bob, Listing::listed}});
  CHECK(connection->run("SELECT changed_by FROM worker").text(0, 0) == "beta");
}

TEST_CASE("what isn't an address in the table of workers is left out") {
  const auto connection = make_tables();
  if (!connection) return;
  connection->run(
      "INSERT INTO worker (address, held_out, changed_ms, changed_by) VALUES"
      " ('no port', false, 0, ''), ('::1', false, 0, '')");
  CHECK(find_listings(*connection).empty());
}
