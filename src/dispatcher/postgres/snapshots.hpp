#pragma once

#include <chrono>

#include "dispatcher/libpq/connection.hpp"

namespace samoyed::dispatcher::postgres {

/// The age of the oldest transaction that keeps old rows of this database from being removed; zero
/// if there is none. Transactions of other roles count only if this one has the privileges of
/// `pg_read_all_stats`. Throws StorageError.
std::chrono::milliseconds find_oldest_snapshot(Connection& connection);

}  // namespace samoyed::dispatcher::postgres
