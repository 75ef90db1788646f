#pragma once

#include <string>

/// The advisory locks of the database, which last until the end of the transaction. Their first
/// number, "Smyd", distinguishes them from other programs' locks.
namespace samoyed::dispatcher::postgres {

/// One dispatcher migrates the tables, and the others wait.
inline const std::string take_migration_lock = "SELECT pg_advisory_xact_lock(1399683428, 1)";
/// One dispatcher looks for jobs to rescue. Returns whether the lock was taken.
inline const std::string try_rescue_lock = "SELECT pg_try_advisory_xact_lock(1399683428, 2)";
/// One dispatcher removes old rows. Returns whether the lock was taken.
inline const std::string try_retention_lock = "SELECT pg_try_advisory_xact_lock(1399683428, 3)";
/// A visitor's rows are removed or given to another id by one transaction at a time. Each is short.
inline const std::string take_ownership_lock = "SELECT pg_advisory_xact_lock(1399683428, 4)";

}  // namespace samoyed::dispatcher::postgres
