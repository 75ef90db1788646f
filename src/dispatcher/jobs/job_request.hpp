#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "dispatcher/jobs/job_store.hpp"
#include "samoyed/dispatcher/jobs_options.hpp"

/// What all stores do with a request and their load.
namespace samoyed::dispatcher {

/// Makes a row with a new id for each image of the request.
std::vector<JobRow> rows_of(const JobRequest& request, std::int64_t now_ms);

/// Whether the limits on unfinished jobs allow the request's images in addition to `load`.
bool has_room(const Jobs::Load& load, const JobRequest& request, const JobsOptions& options);

/// Subtracts down to 0: a load can be replaced by that of the database while jobs end.
template <typename Number>
void subtract(Number& number, Number by) {
  number -= std::min(number, by);
}

}  // namespace samoyed::dispatcher
