#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dispatcher/history/sqlite.hpp"
#include "samoyed/dispatcher/history_row.hpp"

/// Removing everything of a visitor, in pieces between which other transactions get their turn. The
/// database remembers a removal until its end, so that one that an error or a crash interrupts goes
/// on later. All throw StorageError, and must run within a transaction.
namespace samoyed::dispatcher {

/// The most rows that are removed in one transaction, which takes a few milliseconds.
inline constexpr std::size_t removed_rows_max = 200;

struct Removal {
  std::int64_t number = 0;
  std::string visitor;
  /// The newest row and job when the removal began. Later ones stay.
  HistoryId newest_row = 0;
  std::int64_t newest_job = 0;
  /// The number of rows that the visitor had when the removal began.
  std::uint64_t rows = 0;
};

/// Remembers that the visitor's rows and finished jobs are to be removed.
Removal begin_removal(Database& database, const std::string& visitor);

/// Removes at most `count` jobs and rows. Returns how many it removed: fewer than `count` if none
/// are left.
std::uint64_t continue_removal(Database& database, const Removal& removal, std::size_t count);

/// Forgets a removal of which nothing is left to remove.
void end_removal(Database& database, const Removal& removal);

/// Goes on with the removals that have not ended, as `continue_removal` does, and forgets those
/// that end. It may work on a removal that `continue_removal` is working on too, which then ends
/// sooner.
std::uint64_t resume_removals(Database& database, std::size_t count);

}  // namespace samoyed::dispatcher
