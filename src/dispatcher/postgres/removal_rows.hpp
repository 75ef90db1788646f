#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "dispatcher/libpq/connection.hpp"
#include "samoyed/dispatcher/history_row.hpp"

/// Removing everything of a visitor, in pieces, so that no transaction is long. The database
/// remembers a removal until its end, so that any dispatcher goes on with one that was interrupted.
/// All throw StorageError.
namespace samoyed::dispatcher::postgres {

/// The most rows that one transaction removes or moves.
inline constexpr std::size_t piece_rows_max = 1000;

struct Removal {
  std::int64_t number = 0;
  std::string visitor;
  /// The newest row and finished job when the removal began. Later ones stay.
  HistoryId newest_row = 0;
  std::int64_t newest_job = 0;
  /// The number of rows that the visitor had when the removal began.
  std::uint64_t rows = 0;
};

/// Remembers that the visitor's rows and finished jobs are to be removed.
Removal begin_removal(Connection& connection, const std::string& visitor);

/// Removes a piece, and forgets the removal when nothing is left. Returns whether something may be
/// left.
bool continue_removal(Connection& connection, const Removal& removal);

/// Takes over a removal that nobody has continued for a minute: its dispatcher has ended, or the
/// database failed. Returns std::nullopt if there is none.
std::optional<Removal> take_abandoned_removal(Connection& connection);

}  // namespace samoyed::dispatcher::postgres
