#pragma once

#include <string>
#include <vector>

#include "dispatcher/libpq/connection.hpp"
#include "dispatcher/storage/worker_table.hpp"

namespace samoyed::dispatcher::postgres {

/// Writes what the dispatcher `name` says about workers. Safe to repeat. Throws StorageError.
void write_listings(Connection& connection, const std::string& name,
                    const std::vector<ListingChange>& changes);

/// Returns the whole list. Leaves out what isn't an address. Throws StorageError.
Listings find_listings(Connection& connection);

}  // namespace samoyed::dispatcher::postgres
