#pragma once

#include <string>
#include <vector>

#include "samoyed/dispatcher/job.hpp"
#include "web/views/results_json.hpp"

namespace samoyed::web {

/// A job and its result as JSON.
std::string job_json(const dispatcher::Job& job, const ResultDisplay& display);

/// The id of the event that reports a job's state. It differs between states.
std::string job_event_id(const dispatcher::Job& job);

/// The path of a job in the API, without the site's base path.
std::string job_path(const std::string& id);

/// The response to a submission: the ids and addresses of its jobs. The addresses begin with the
/// site's base path (base_path.hpp).
std::string submitted_json(const std::vector<std::string>& ids, const std::string& request_id,
                           const std::string& base_path);

}  // namespace samoyed::web
