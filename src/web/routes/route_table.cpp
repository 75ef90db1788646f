#include "web/routes/route_table.hpp"

#include <algorithm>
#include <string>

namespace samoyed::web {
namespace {

constexpr RouteRow route_rows[] = {
    {"/", "GET, HEAD, POST", Place::form, Style::page, BodyKind::form},
    {"/healthz", "GET, HEAD", Place::alive, Style::page, BodyKind::none, {.any_host = true}},
    {"/readyz", "GET, HEAD", Place::ready, Style::page, BodyKind::none, {.any_host = true}},
    {"/favicon.ico", "GET, HEAD", Place::icon},
    {"/assets/{name...}", "GET, HEAD", Place::asset},
    // No HEAD: it asks about a page, and must not change the list.
    {"/add/{address...}",
     "GET, POST",
     Place::add,
     Style::page,
     BodyKind::none,
     {.admin = true, .acts_on_get = true}},
    {"/del/{address...}",
     "GET, POST",
     Place::remove,
     Style::page,
     BodyKind::none,
     {.admin = true, .acts_on_get = true}},
    {"/sign-in", "POST", Place::sign_in},
    {"/sign-out", "POST", Place::sign_out},
    {"/api/v1/classify", "POST", Place::classify, Style::api, BodyKind::picture},
    {"/api/v1/workers",
     "GET, HEAD, POST",
     Place::workers,
     Style::api,
     BodyKind::none,
     {.admin = true}},
    {"/api/v1/workers/events",
     "GET",
     Place::workers_events,
     Style::api,
     BodyKind::none,
     {.admin = true}},
    {"/api/v1/workers/{address}",
     "GET, HEAD, POST, DELETE",
     Place::worker,
     Style::api,
     BodyKind::none,
     {.admin = true}},
    {"/api", "GET, HEAD", Place::api},
    {"/api/openapi.json", "GET, HEAD", Place::openapi, Style::api},
    {"/metrics",
     "GET, HEAD",
     Place::metrics,
     Style::api,
     BodyKind::none,
     {.admin = true, .near = true}},
    {"/api/v1/jobs", "POST", Place::jobs, Style::api, BodyKind::pictures},
    {"/api/v1/jobs/{id}", "GET, HEAD, DELETE", Place::job, Style::api},
    {"/api/v1/jobs/{id}/events", "GET", Place::job_events, Style::api},
    {"/api/v1/results", "GET, HEAD, DELETE", Place::results, Style::api},
    {"/api/v1/results.csv", "GET", Place::results_csv, Style::api},
    {"/api/v1/results.json", "GET", Place::results_json, Style::api},
    {"/api/v1/statistics", "GET, HEAD", Place::statistics, Style::api},
    {"/results", "GET, HEAD", Place::results_page},
    {"/results/delete", "POST", Place::results_delete},
    {"/results/{id}/thumbnail.jpg", "GET, HEAD", Place::thumbnail},
    {"/stats", "GET, HEAD", Place::statistics_page},
    {"/v2", "GET, HEAD", Place::server_metadata, Style::inference},
    {"/v2/health/live",
     "GET, HEAD",
     Place::server_live,
     Style::inference,
     BodyKind::none,
     {.any_host = true}},
    {"/v2/health/ready",
     "GET, HEAD",
     Place::server_ready,
     Style::inference,
     BodyKind::none,
     {.any_host = true}},
    {"/v2/models/{name}", "GET, HEAD", Place::model_metadata, Style::inference},
    {"/v2/models/{name}/ready", "GET, HEAD", Place::model_ready, Style::inference},
    {"/v2/models/{name}/infer", "POST", Place::infer, Style::inference, BodyKind::tensors},
};

/// Of an address that isn't there, by those around it.
Style style_around(std::string_view path) {
  if (path.starts_with("/api/")) return Style::api;
  return path.starts_with("/v2/") ? Style::inference : Style::page;
}

/// What stands for the pattern's parameter, which may be nothing; nothing at all for another path.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  const std::size_t open = pattern.find('{');
  if (open == pattern.npos) {
    return pattern == path ? std::optional(std::string_view()) : std::nullopt;
  }
  const std::string_view before = pattern.substr(0, open);
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  const bool takes_all = pattern.ends_with("...}");
  if (takes_all && path == before.substr(0, before.size() - 1)) return path.substr(path.size());
  if (!path.starts_with(before) || path.size() < before.size() + after.size()) return std::nullopt;
  if (!path.ends_with(after)) return std::nullopt;
  const std::string_view found =
      path.substr(before.size(), path.size() - before.size() - after.size());
  const bool one_segment = !found.empty() && found.find('/') == found.npos;
  return takes_all || one_segment ? std::optional(found) : std::nullopt;
}

bool allows(std::string_view allow, std::string_view method) {
  while (!allow.empty()) {
    const std::size_t end = std::min(allow.find(','), allow.size());
    if (trimmed(allow.substr(0, end)) == method) return true;
    allow.remove_prefix(std::min(end + 1, allow.size()));
  }
  return false;
}

bool is_known_method(std::string_view method) {
  return allows("GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH", method);
}

}  // namespace

std::span<const RouteRow> route_table() { return route_rows; }

Route find_route(const Request& head) {
  Route route;
  if (!is_known_method(head.method)) {
    route.problem = {Reason::unknown_method,
                     "This server knows the methods GET, HEAD, POST and DELETE."};
    return route;
  }
  const auto target = parse_target(head.target);
  if (!target) {
    const bool about_server = head.method == "OPTIONS" || head.method == "CONNECT";
    route.allow = "GET, HEAD, POST, DELETE";
    route.problem = about_server ? Problem{Reason::method_not_allowed,
                                           "This server has no other use for that method."}
                                 : Problem{Reason::bad_request, "The request's target is no path."};
    return route;
  }
  route.target = *target;
  for (const RouteRow& row : route_rows) {
    const auto parameter = match(row.pattern, target->path);
    if (!parameter) continue;
    route.row = &row;
    route.allow = row.methods;
    route.style = row.style;
    route.parameter = *parameter;
    if (!allows(row.methods, head.method)) {
      route.problem = {Reason::method_not_allowed,
                       "This address takes " + std::string(row.methods) + "."};
    }
    return route;
  }
  route.style = style_around(target->path);
  route.problem = {Reason::not_found, "This site has no such address."};
  return route;
}

bool has_effect(const RouteRow& row, std::string_view method) {
  return method == "POST" || method == "DELETE" || row.rules.acts_on_get;
}

bool is_errand(const RouteRow& row) {
  switch (row.place) {
    case Place::workers_events:
    case Place::job:
    case Place::job_events:
    case Place::results:
    case Place::results_csv:
    case Place::results_json:
    case Place::statistics:
    case Place::results_page:
    case Place::results_delete:
    case Place::thumbnail:
    case Place::statistics_page:
      return true;
    default:
      return false;
  }
}

bool brings_body(const RouteRow& row, std::string_view method) {
  return method == "POST" && row.body != BodyKind::none;
}

}  // namespace samoyed::web
