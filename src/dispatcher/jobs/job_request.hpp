#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "dispatcher/jobs/client_jobs.hpp"
#include "dispatcher/jobs/job_store.hpp"
#include "samoyed/dispatcher/jobs_options.hpp"

/// What all stores do with a request and their load.
namespace samoyed::dispatcher {

/// Makes a row with a new id and a turn for each image of the request, and adds it to `clients`.
std::vector<JobRow> rows_of(const JobRequest& request, std::int64_t now_ms, ClientJobs& clients);

/// Why the limits on unfinished jobs don't allow the request's images in addition to `load` and
/// `clients`; std::nullopt if they do.
std::optional<SubmitError> find_obstacle(const JobRequest& request, const Jobs::Load& load,
                                         const ClientJobs& clients, const JobsOptions& options);

/// Subtracts down to 0: a load can be replaced by that of the database while jobs end.
template <typename Number>
void subtract(Number& number, Number by) {
  number -= std::min(number, by);
}

}  // namespace samoyed::dispatcher
