#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dispatcher/postgres/connection.hpp"
#include "samoyed/dispatcher/history_row.hpp"

/// Removing rows and giving them to another visitor, in pieces, so that no transaction is long. All
/// throw StorageError.
namespace samoyed::dispatcher::postgres {

/// The most rows that one statement removes or moves.
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

/// Removes a piece. Returns whether something may be left.
bool continue_removal(Connection& connection, const Removal& removal);

/// Forgets a removal of which nothing is left to remove.
void end_removal(Connection& connection, const Removal& removal);

/// Goes on with a removal that nobody has continued for a minute, if there is one: its dispatcher
/// has ended. Returns whether there was one.
bool resume_removal(Connection& connection);

/// Returns whether the visitor has results or jobs.
bool has_rows_of(Connection& connection, const std::string& visitor);

/// Gives a piece of the visitor's results, and all jobs, to the visitor `to`. Returns the number of
/// rows: fewer than `piece_rows_max` if nothing is left.
std::uint64_t adopt_rows(Connection& connection, const std::string& from, const std::string& to);

}  // namespace samoyed::dispatcher::postgres
