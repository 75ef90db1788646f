#pragma once

#include <cstdint>
#include <string>

#include "dispatcher/libpq/connection.hpp"

/// The statements on leases. All throw StorageError.
namespace samoyed::dispatcher::postgres {

/// Begins the lease of a dispatcher. An earlier one with the same name must have ended, so its
/// lease ends.
void begin_lease(Connection& connection, const std::string& id, const std::string& name);

/// Throws DuplicateError if another dispatcher has begun a lease with the same name.
void renew_lease(Connection& connection, const std::string& id, const std::string& name);

void end_lease(Connection& connection, const std::string& id);

struct Rescued {
  std::uint64_t waiting = 0;  ///< The number of jobs that wait again.
  std::uint64_t failed = 0;   ///< The number of jobs that failed because it happened too often.
};

/// Makes the running jobs of dispatchers without a lease wait again. Each time counts as a suspect
/// end, so that an image that ends dispatchers is not tried forever. Does nothing while another
/// dispatcher does it.
Rescued rescue_jobs(Connection& connection);

}  // namespace samoyed::dispatcher::postgres
