#include "web/storage_routes.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
#include "web/event_stream.hpp"
#include "web/responses.hpp"
#include "web/url.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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

/// A number of the query from `least` to `most`; nothing where it is missing, 0 where it is no such.
std::optional<std::int64_t> read_number(std::string_view query, std::string_view name,
                                        std::int64_t most) {
  const auto text = query_value(query, name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool fits = error == std::errc() && end == text->data() + text->size() && number >= 1 &&
                    number <= most;
  return fits ? number : 0;
}

}  // namespace

std::variant<Errand, Problem> StorageRoutes::plan(const Route& route, const Request& request,
                                                  const Visit& visit) const {
  const std::string id(route.parameter);
  switch (route.row->place) {
    case Place::job:
      if (request.method == "DELETE") return Errand(CancelJob{id});
      return Errand(FindJob{id});
    case Place::job_events:
      return Errand(WatchJob{id});
    case Place::workers_events:
      return Errand(WatchWorkers{});
    default:
      return plan_results(route, request, visit);
  }
}

std::variant<Errand, Problem> StorageRoutes::plan_results(const Route& route,
                                                          const Request& request,
                                                          const Visit& visit) const {
  const std::string_view query = route.target.query;
  const bool all = query_value(query, "all").value_or("") == "true";
  const bool operates =
      context_.gate().needed() && visit.admin == AdminGate::Verdict::admitted;
  if (all && !operates) {
    return Problem{Reason::token_needed, "Everyone's results are for who has the admin token."};
  }
  if (request.method == "DELETE") {
    if (all) return Problem{Reason::bad_parameter, "Only a visitor's own results are removed."};
    return Errand(RemoveResults{visit.visitor});
  }
  const std::optional<std::string> whose = all ? std::nullopt : std::optional(visit.visitor);
  if (route.row->place == Place::results_csv) return Errand(ExportResults{whose});
  dispatcher::HistoryQuery wanted{.visitor = whose};
  const auto before = read_number(query, "before", std::numeric_limits<std::int64_t>::max());
  const auto rows = read_number(query, "rows", dispatcher::history_page_rows_max);
  if (before == 0 || rows == 0) {
    return Problem{Reason::bad_parameter,
                   "`before` is the id of a result, `rows` a number from 1 to " +
                       std::to_string(dispatcher::history_page_rows_max) + "."};
  }
  wanted.before = before;
  if (rows) wanted.rows_max = static_cast<std::size_t>(*rows);
  return Errand(FindResults{wanted});
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

Response StorageRoutes::results(dispatcher::HistoryPage page, const Visit& visit) const {
  // Rows are JSON texts already: they are put together, not parsed again.
  std::string text = R"({"results":[)";
  for (dispatcher::HistoryRow& row : page.rows) {
    hide_workers(row, visit);
    if (!text.ends_with('[')) text += ',';
    text += dispatcher::history_json(row);
  }
  text += R"(],"next_before":)";
  text += page.next_before ? std::to_string(*page.next_before) : "null";
  return json_response(200, text + "}");
}

Response StorageRoutes::removed(std::uint64_t rows) const {
  return json_response(200, to_text({{"removed", rows}}));
}

std::string StorageRoutes::job_event(const dispatcher::Job& job, const Visit& visit) const {
  return server_sent_event("job", job_text(job, visit));
}

std::string StorageRoutes::csv(dispatcher::HistoryPage page, const Visit& visit) const {
  std::string text;
  for (dispatcher::HistoryRow& row : page.rows) {
    hide_workers(row, visit);
    text += dispatcher::history_csv_row(row);
  }
  return text;
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
  dispatcher::HistoryRow row = *job.result;
  hide_workers(row, visit);
  text.pop_back();
  return text + R"(,"result":)" + dispatcher::history_json(row) + "}";
}

void StorageRoutes::hide_workers(dispatcher::HistoryRow& row, const Visit& visit) const {
  if (!context_.workers_visible(visit)) row.worker.clear();
}

}  // namespace samoyed::web
