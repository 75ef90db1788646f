#include "web/routes/storage_routes.hpp"

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
#include "web/http/bounded_json.hpp"
#include "web/http/event_stream.hpp"
#include "web/http/responses.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

Problem unknown_job() {
  return {Reason::unknown_job, "There is no such job, or it ended too long ago."};
}

Problem to_problem(dispatcher::SubmitError error) {
  switch (error) {
    case dispatcher::SubmitError::full:
      return {Reason::spool_full, "Too many pictures wait already: try again later."};
    case dispatcher::SubmitError::stopping:
      return {Reason::stopping, "The server is stopping."};
    case dispatcher::SubmitError::storage:
      break;
  }
  return {Reason::internal, "The server failed on this; its log says more."};
}

std::string job_path(const std::string& id) { return "/api/v1/jobs/" + id; }

}  // namespace

Errand StorageRoutes::plan(const Route& route, const Request& request) const {
  const std::string id(route.parameter);
  switch (route.row->place) {
    case Place::job:
      if (request.method == "DELETE") return CancelJob{id};
      return FindJob{id};
    case Place::job_events:
      return WatchJob{id};
    default:
      return WatchWorkers{};
  }
}

Response StorageRoutes::submitted(const dispatcher::Submitted& end, const Visit& visit) const {
  if (const auto* error = std::get_if<dispatcher::SubmitError>(&end)) {
    return context_.refuse(to_problem(*error), Style::api, visit);
  }
  Json jobs = Json::array();
  const auto& ids = std::get<std::vector<std::string>>(end);
  for (const std::string& id : ids) {
    jobs.push_back({{"id", id}, {"href", job_path(id)}, {"events", job_path(id) + "/events"}});
  }
  Response response =
      json_response(202, to_text({{"jobs", std::move(jobs)}, {"request_id", visit.request_id}}));
  if (ids.size() == 1) response.fields.push_back({"Location", job_path(ids.front())});
  return response;
}

Response StorageRoutes::job(const std::optional<dispatcher::Job>& job, const Visit& visit) const {
  if (!job) return context_.refuse(unknown_job(), Style::api, visit);
  return json_response(200, job_text(*job, visit));
}

Response StorageRoutes::cancelled(bool done, const Visit& visit) const {
  if (!done) {
    return context_.refuse({Reason::unknown_job, "There is no such job that waits or runs."},
                           Style::api, visit);
  }
  return json_response(200, R"({"cancelled":true})");
}

std::string StorageRoutes::job_event(const dispatcher::Job& job, const Visit& visit) const {
  return server_sent_event("job", job_text(job, visit));
}

std::string StorageRoutes::job_text(const dispatcher::Job& job, const Visit& visit) const {
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
  return text + R"(,"result":)" + dispatcher::history_json(context_.shown(*job.result, visit)) +
         "}";
}

}  // namespace samoyed::web
