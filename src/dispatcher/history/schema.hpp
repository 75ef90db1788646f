#pragma once

#include <filesystem>

#include "dispatcher/history/sqlite.hpp"

namespace samoyed::dispatcher {

/// The history and the jobs share one file, so that a job's end and its result are one transaction.
///
///     recognition  one row each; AUTOINCREMENT, so that no id is ever reused
///     thumbnail    JPEG files by the recognition's id, apart: other queries don't read them
///     job          one row each; `recognition` is the result's id; `owner` and `claims` identify
///                  the current claim
///
/// Opens or creates the file for the only connection that writes, in WAL mode, and migrates it to
/// the newest version. Throws StorageError with one line that says what to do. A file of another
/// program, a file of a newer version and a damaged file are rejected and left unchanged.
Database open_history(const std::filesystem::path& file);

/// A read-only connection for concurrent readers. The file must have been opened by `open_history`.
Database open_history_reader(const std::filesystem::path& file);

}  // namespace samoyed::dispatcher
