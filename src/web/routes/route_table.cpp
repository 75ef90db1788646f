#include "web/routes/route_table.hpp"

#include <algorithm>
#include <tuple>

#include "web/http/accept.hpp"
#include "web/http/base_path.hpp"
#include "web/http/url.hpp"
#include "web/routes/image_handlers.hpp"
#include "web/routes/inference_handlers.hpp"
#include "web/routes/job_handlers.hpp"
#include "web/routes/model_handlers.hpp"
#include "web/routes/page_handlers.hpp"
#include "web/routes/result_handlers.hpp"
#include "web/routes/statistics_handlers.hpp"
#include "web/routes/worker_handlers.hpp"

namespace samoyed::web {
namespace {

constexpr auto api = ErrorFormat::api;
constexpr auto inference_errors = ErrorFormat::inference;

constexpr Policy page{};
constexpr Policy probe{.any_host = true};
constexpr Policy api_only{.errors = api};
constexpr Policy api_stream{.errors = api, .head = false};
constexpr Policy api_admin{.errors = api, .admin = true};
constexpr Policy page_of_visitor{.of_visitor = true};
constexpr Policy api_of_visitor{.errors = api, .of_visitor = true};
constexpr Policy stream_of_visitor{.errors = api, .of_visitor = true, .head = false};
constexpr Policy open_inference{.errors = inference_errors};
constexpr Policy inference_probe{.errors = inference_errors, .any_host = true};
/// HEAD is not allowed, because it must not change the list of workers.
constexpr Policy list_change{.admin = true, .acts_on_get = true, .head = false};

constexpr std::string_view form_parameters[] = {"model"};
constexpr std::string_view recognition_parameters[] = {"model", "top"};
constexpr std::string_view results_parameters[] = {"after", "all", "before", "model", "rows"};
constexpr std::string_view export_parameters[] = {"all", "model"};
constexpr std::string_view statistics_parameters[] = {"all", "model", "range"};

constexpr Route routes[] = {
    {"GET", "/", page, pages::form},
    {"POST", "/", {.body = Body::form, .negotiates = true}, images::classify_form, form_parameters},
    {"GET", "/healthz", probe, pages::alive},
    {"GET", "/readyz", probe, pages::ready},
    {"GET", "/favicon.ico", page, pages::icon},
    {"GET", "/assets/{name...}", page, pages::asset},
    {"POST", "/sign-in", page, pages::sign_in},
    {"POST", "/sign-out", page, pages::sign_out},
    {"GET", "/api", page, pages::api},
    {"GET", "/api/openapi.json", api_only, pages::openapi},
    {"GET", "/metrics", {.errors = api, .admin = true, .local_only = true}, pages::metrics},

    {"POST",
     "/api/v1/classify",
     {.errors = api, .body = Body::image},
     images::classify,
     recognition_parameters},

    {"GET", "/api/v1/models", api_only, models::list},
    {"GET", "/api/v1/models/{name}", api_only, models::show},
    {"GET", "/api/v1/models/{name}/labels", {.errors = api, .takes_slot = true}, models::labels},

    {"GET", "/add/{address...}", list_change, workers::add},
    {"POST", "/add/{address...}", list_change, workers::add},
    {"GET", "/del/{address...}", list_change, workers::remove},
    {"POST", "/del/{address...}", list_change, workers::remove},
    {"POST", "/probe/{address...}", {.admin = true}, workers::probe_by_form},
    {"GET", "/api/v1/workers", api_admin, workers::list},
    {"POST", "/api/v1/workers", api_admin, workers::create},
    {"GET",
     "/api/v1/workers/events",
     {.errors = api, .admin = true, .head = false},
     workers::watch},
    {"GET", "/api/v1/workers/{address}", api_admin, workers::show},
    {"POST", "/api/v1/workers/{address}", api_admin, workers::put},
    {"DELETE", "/api/v1/workers/{address}", api_admin, workers::destroy},
    {"POST", "/api/v1/workers/{address}/probe", api_admin, workers::probe},

    {"POST",
     "/api/v1/jobs",
     {.errors = api, .body = Body::images},
     jobs::submit,
     recognition_parameters},
    {"GET", "/api/v1/jobs/{id}", api_only, jobs::show},
    {"DELETE", "/api/v1/jobs/{id}", api_only, jobs::cancel},
    {"GET", "/api/v1/jobs/{id}/events", api_stream, jobs::watch},

    {"GET", "/results", page_of_visitor, results::page, results_parameters},
    {"POST", "/results/delete", page_of_visitor, results::remove_by_form},
    {"GET", "/results/{id}/thumbnail.jpg", page_of_visitor, results::thumbnail},
    {"GET", "/api/v1/results", api_of_visitor, results::list, results_parameters},
    {"DELETE", "/api/v1/results", api_of_visitor, results::remove},
    {"GET", "/api/v1/results.csv", stream_of_visitor, results::export_csv, export_parameters},
    {"GET", "/api/v1/results.json", stream_of_visitor, results::export_json, export_parameters},

    {"GET", "/stats", page_of_visitor, statistics::page, statistics_parameters},
    {"GET", "/api/v1/statistics", api_of_visitor, statistics::show, statistics_parameters},

    {"GET", "/v2", open_inference, inference::server},
    {"GET", "/v2/health/live", inference_probe, inference::live},
    {"GET", "/v2/health/ready", inference_probe, inference::ready},
    {"GET", "/v2/models/{name}", open_inference, inference::model},
    {"GET", "/v2/models/{name}/ready", open_inference, inference::model_ready},
    {"GET", "/v2/models/{name}/versions/1", open_inference, inference::model},
    {"GET", "/v2/models/{name}/versions/1/ready", open_inference, inference::model_ready},
    {"POST",
     "/v2/models/{name}/versions/1/infer",
     {.errors = inference_errors, .body = Body::tensors},
     inference::infer},
    {"POST",
     "/v2/models/{name}/infer",
     {.errors = inference_errors, .body = Body::tensors},
     inference::infer},
};

/// OPTIONS of every known path, and of the server (`OPTIONS *`). Load balancers send it to check
/// health, so it accepts every host name. It reveals nothing but methods.
constexpr Route options_route{"OPTIONS", "*", probe, pages::options};

static_assert(std::ranges::all_of(routes, [](const Route& route) { return route.handler; }),
              "every endpoint has a handler");

/// Returns the error format for an unknown path, which is that of the known paths around it.
ErrorFormat errors_around(std::string_view path) {
  if (path.starts_with("/api/")) return ErrorFormat::api;
  return path.starts_with("/v2/") ? ErrorFormat::inference : ErrorFormat::page;
}

/// Returns the format that a client prefers. One that accepts anything, such as curl, gets text.
/// One that says nothing gets a page, as it always did.
ErrorFormat accepted_format(std::string_view accept) {
  struct Offer {
    ErrorFormat format;
    std::string_view media_type;
  };
  constexpr Offer offers[] = {{ErrorFormat::page, "text/html"},
                              {ErrorFormat::api, "application/json"},
                              {ErrorFormat::text, "text/plain"}};
  if (trimmed(accept).empty()) return ErrorFormat::page;
  const Offer* best = nullptr;
  Acceptance most;
  for (const Offer& offer : offers) {
    const Acceptance found = acceptance_of(accept, offer.media_type);
    if (found.quality == 0) continue;
    const bool better = !best || std::tuple(found.quality, found.precision) >
                                     std::tuple(most.quality, most.precision);
    // Among types that the client doesn't name, text is the one that a person can read anywhere.
    if (!better && (found.precision > 0 || found.quality < most.quality || most.precision > 0)) {
      continue;
    }
    best = &offer;
    most = found;
  }
  return best ? best->format : ErrorFormat::page;
}

/// Returns the part of the path that replaces the pattern's parameter, which may be empty. Returns
/// std::nullopt if the path doesn't match the pattern.
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

bool is_known_method(std::string_view method) {
  constexpr std::string_view methods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                          "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  return std::ranges::find(methods, method) != std::end(methods);
}

/// Returns the methods of a pattern in the format of the field `Allow`.
std::string allowed_methods(std::string_view pattern) {
  std::string allow;
  const auto append = [&](std::string_view method) {
    if (!allow.empty()) allow += ", ";
    allow += method;
  };
  for (const Route& route : routes) {
    if (route.pattern != pattern) continue;
    append(route.method);
    if (route.method == "GET" && route.policy.head) append("HEAD");
  }
  append(options_route.method);
  return allow;
}

bool takes(const Route& route, std::string_view method) {
  const bool head = method == "HEAD" && route.method == "GET" && route.policy.head;
  return route.method == method || head;
}

Problem no_such_method(const ResolvedRoute& resolved) {
  return {Reason::method_not_allowed, "This address accepts only " + resolved.allow + "."};
}

Problem no_path(std::string_view method) {
  return method == "CONNECT"
             ? Problem{Reason::method_not_allowed, "This server doesn't support that method here."}
             : Problem{Reason::bad_request, "The request target must be a path."};
}

}  // namespace

std::span<const Route> route_table() { return routes; }

ResolvedRoute resolve_route(const Request& head, std::string_view base_path) {
  ResolvedRoute resolved;
  if (!is_known_method(head.method)) {
    resolved.problem = {Reason::unknown_method,
                        "This server supports only the methods GET, HEAD, POST, DELETE and "
                        "OPTIONS."};
    return resolved;
  }
  const auto target = parse_target(head.target);
  if (!target) {
    resolved.allow = "GET, HEAD, POST, DELETE, OPTIONS";
    if (head.method == "OPTIONS" && head.target == "*") {
      resolved.route = &options_route;
      return resolved;
    }
    resolved.problem = no_path(head.method);
    return resolved;
  }
  const std::string_view path = without_base_path(target->path, base_path);
  resolved.path = path;
  resolved.query = target->query;
  resolved.errors = errors_around(path);
  const auto first = std::ranges::find_if(
      routes, [&](const Route& route) { return match(route.pattern, path).has_value(); });
  if (first == std::end(routes)) {
    resolved.problem = {Reason::not_found, "There is nothing at this address. Check it for typos."};
    return resolved;
  }
  resolved.errors = first->policy.errors;
  resolved.parameter = *match(first->pattern, path);
  if (head.method == options_route.method) {
    resolved.allow = allowed_methods(first->pattern);
    resolved.route = &options_route;
    return resolved;
  }
  const auto route = std::ranges::find_if(routes, [&](const Route& candidate) {
    return candidate.pattern == first->pattern && takes(candidate, head.method);
  });
  if (route == std::end(routes)) {
    resolved.allow = allowed_methods(first->pattern);
    resolved.problem = no_such_method(resolved);
    return resolved;
  }
  resolved.route = route;
  if (route->policy.negotiates)
    resolved.errors = accepted_format(find_field(head.fields, "Accept"));
  return resolved;
}

bool has_effect(const Route& route) {
  const bool safe = route.method == "GET" || route.method == "OPTIONS";
  return !safe || route.policy.acts_on_get;
}

bool brings_body(const Route& route) { return route.policy.body != Body::none; }

bool uses_visitor(const Route& route) { return route.policy.of_visitor || brings_body(route); }

}  // namespace samoyed::web
