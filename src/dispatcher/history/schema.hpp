#pragma once

#include <filesystem>

#include "dispatcher/history/sqlite.hpp"

namespace samoyed::dispatcher {

/// The tables of the history and of the jobs in one file, so that a job's end and its result are one
/// transaction.
///
///     recognition  one row each; AUTOINCREMENT, so that no id is ever given twice
///     thumbnail    JPEG files by the recognition's id, apart, so that who counts rows doesn't read them
///     job          one row each; `recognition` is the result's id
///
/// Opens or creates the file for the one connection that writes: WAL, brought to the newest version.
/// Throws StorageError in one line that says what to do: a file of another program, of a newer version, or
/// a damaged one is refused and left as it is.
Database open_history(const std::filesystem::path& file);

/// A connection that reads beside it. The file must have been opened by `open_history`.
Database open_history_reader(const std::filesystem::path& file);

}  // namespace samoyed::dispatcher
