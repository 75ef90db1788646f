#include "dispatcher/postgres/postgres_worker_table.hpp"

#include "dispatcher/postgres/worker_rows.hpp"

namespace samoyed::dispatcher::postgres {

asio::awaitable<Listings> PostgresWorkerTable::exchange(std::vector<ListingChange> changes) {
  const bool changed = !changes.empty();
  auto work = [name = name_, changes = std::move(changes)](Connection& connection) {
    if (!changes.empty()) write_listings(connection, name, changes);
    return find_listings(connection);
  };
  Listings listings = co_await pool_.run(std::move(work));
  if (changed) notify_others_();
  co_return listings;
}

}  // namespace samoyed::dispatcher::postgres
