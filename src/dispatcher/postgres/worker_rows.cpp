#include "dispatcher/postgres/worker_rows.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// More than a dispatcher can use, so that a table that somebody filled can't fill its memory.
constexpr std::int64_t listings_max = 4 * static_cast<std::int64_t>(workers_max);

}  // namespace

void write_listings(Connection& connection, const std::string& name,
                    const std::vector<ListingChange>& changes) {
  std::vector<std::string> listed;
  std::vector<std::string> held_out;
  std::vector<std::string> removed;
  for (const ListingChange& change : changes) {
    auto& addresses = !change.listing                        ? removed
                      : *change.listing == Listing::held_out ? held_out
                                                             : listed;
    addresses.push_back(to_string(change.address));
  }
  static const std::string upsert =
      "INSERT INTO worker (address, held_out, changed_ms, changed_by)"
      " SELECT address, $2::bigint = 1, now_ms(), $3 FROM unnest($1::text[]) AS address"
      " ON CONFLICT (address) DO UPDATE SET held_out = excluded.held_out,"
      " changed_ms = excluded.changed_ms, changed_by = excluded.changed_by"
      " WHERE worker.held_out <> excluded.held_out";
  Transaction transaction(connection);
  connection.run(upsert, Params().add_array(listed).add(std::int64_t{0}).add(name));
  connection.run(upsert, Params().add_array(held_out).add(std::int64_t{1}).add(name));
  connection.run("DELETE FROM worker WHERE address = ANY($1::text[])", Params().add_array(removed));
  transaction.commit();
}

Listings find_listings(Connection& connection) {
  const Result found = connection.run(
      "SELECT address, held_out FROM worker ORDER BY number LIMIT $1", Params().add(listings_max));
  Listings listings;
  for (int row = 0; row < found.rows(); ++row) {
    const auto address = protocol::parse_address(found.text(row, 0));
    if (!address) continue;
    listings[*address] = found.boolean(row, 1) ? Listing::held_out : Listing::listed;
  }
  return listings;
}

}  // namespace samoyed::dispatcher::postgres
