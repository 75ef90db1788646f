#pragma once

#include <cstddef>
#include <cstdint>

#include "dispatcher/history/sqlite.hpp"

/// The queries of retention. All throw StorageError. Those that change data must run within a
/// transaction.
namespace samoyed::dispatcher {

/// Removes rows recorded before `before_ms` and the oldest rows beyond `rows_max`, but at most
/// `count` rows. Returns how many it removed: fewer than `count` if none are left to remove.
std::uint64_t remove_old_rows(Database& database, std::int64_t before_ms, std::uint64_t rows_max,
                              std::size_t count);

/// When the newest row was recorded; 0 if there is none.
std::int64_t newest_row_ms(Database& database);

/// An upper bound of the number of rows, which takes no time.
std::uint64_t rows_at_most(Database& database);

}  // namespace samoyed::dispatcher
