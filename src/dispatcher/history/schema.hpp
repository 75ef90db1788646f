#pragma once

#include <filesystem>

#include "dispatcher/history/sqlite.hpp"

namespace samoyed::dispatcher {

/// The history and the jobs share one file, so that a job's end and its result are one transaction.
///
///     recognition  one row for each; AUTOINCREMENT, so that no id is ever reused
///     thumbnail    JPEG files by the recognition's id; a separate table, so that other queries
///                  don't read them
///     job          one row for each; `recognition` is the result's id; `owner` and `claims`
///                  identify the current claim
///     removal      one row for each visitor whose rows are being removed
///     adoption     one row for each visitor whose rows are getting a new owner, or whose new owner
///                  has not learned its id yet
///     interval_statistics  totals of the recognitions by scope (everyone, or one visitor), half
///                  hour, model and worker; every transaction that inserts or deletes recognitions
///                  keeps them right
///     statistics_progress  up to which row these totals have yet to be prepared, after an upgrade
///
/// Opens or creates the file for the only connection that writes, in WAL mode, and migrates it to
/// the newest version. Throws StorageError with one line that says what to do. Rejects another
/// program's file, a newer version's file and a damaged file, and leaves them unchanged.
Database open_history(const std::filesystem::path& file);

/// A read-only connection for concurrent readers. `open_history` must have opened the file before.
Database open_history_reader(const std::filesystem::path& file);

}  // namespace samoyed::dispatcher
