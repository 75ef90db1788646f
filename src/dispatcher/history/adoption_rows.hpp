#pragma once

#include <string>

#include "dispatcher/history/sqlite.hpp"

/// The queries that give a visitor's results and jobs to another id. All throw StorageError.
namespace samoyed::dispatcher {

/// Returns whether the visitor has results or jobs that `adopt_rows` would move.
bool has_adoptable_rows(Database& database, const std::string& visitor, Adopted adopted);

/// Moves results and jobs. Jobs in progress are moved too: their results follow them. Must run
/// within a transaction. Returns true if there were any.
bool adopt_rows(Database& database, const std::string& from, const std::string& to,
                Adopted adopted);

}  // namespace samoyed::dispatcher
