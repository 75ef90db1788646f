#pragma once

#include <cstddef>
#include <cstdint>

#include "dispatcher/libpq/connection.hpp"

/// Removing what is past its retention, by the database's clock. A clock that is set forward
/// removes nothing while no row is new, and then only a share of the rows each time. All throw
/// StorageError.
namespace samoyed::dispatcher::postgres {

struct RetentionLimits {
  std::int64_t keep_rows_ms = 0;
  std::uint64_t rows_max = 0;
  std::int64_t keep_jobs_ms = 0;
};

/// How many rows and finished jobs may still go because of their age.
struct RetentionBudget {
  std::uint64_t rows = 0;
  std::uint64_t jobs = 0;
};

/// How much may go in one interval.
RetentionBudget retention_budget(Connection& connection);

/// Removes at most a piece of each kind, and reduces the budget. Returns whether more may be left
/// to remove now. Does nothing while another dispatcher does it.
bool remove_old(Connection& connection, const RetentionLimits& limits, RetentionBudget& budget);

}  // namespace samoyed::dispatcher::postgres
