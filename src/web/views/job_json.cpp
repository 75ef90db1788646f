#include "web/views/job_json.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
#include "web/http/bounded_json.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string job_json(const dispatcher::Job& job, const ResultDisplay& display) {
  Json json = {{"id", job.id},
               {"state", dispatcher::to_string(job.state)},
               {"submitted", dispatcher::utc_text(job.submitted_ms)},
               {"changed", dispatcher::utc_text(job.changed_ms)},
               {"file_name", job.file_name},
               {"image_bytes", job.image_bytes},
               {"attempts", job.attempts}};
  if (!job.reason.empty()) {
    json["reason"] = job.reason;
    json["detail"] = job.detail;
  }
  std::string text = to_text(json);
  if (!job.result) return text;
  text.pop_back();
  return text + R"(,"result":)" + result_json(*job.result, display) + "}";
}

std::string job_event_id(const dispatcher::Job& job) {
  return dispatcher::to_string(job.state) + "-" + std::to_string(job.changed_ms);
}

std::string job_path(const std::string& id) { return "/api/v1/jobs/" + id; }

std::string submitted_json(const std::vector<std::string>& ids, const std::string& request_id,
                           const std::string& base_path) {
  Json jobs = Json::array();
  for (const std::string& id : ids) {
    const std::string href = base_path + job_path(id);
    jobs.push_back({{"id", id}, {"href", href}, {"events", href + "/events"}});
  }
  return to_text({{"jobs", std::move(jobs)}, {"request_id", request_id}});
}

}  // namespace samoyed::web
