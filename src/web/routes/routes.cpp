#include "web/routes/routes.hpp"

#include <charconv>
#include <string>

#include "web/http/event_stream.hpp"
#include "web/http/responses.hpp"
#include "web/views/api_json.hpp"

namespace samoyed::web {
namespace {

/// A body that a request may have where none is wanted.
constexpr std::uint64_t idle_body_bytes_max = 4096;

std::uint64_t announced_body_bytes(const Request& head) {
  const std::string_view text = find_field(head.fields, "Content-Length");
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

Response secured(Response response) {
  secure(response);
  return response;
}

/// A page whose button sends the same again by POST.
Response ask_back(const Problem& problem, const Target& asked) {
  std::string target(asked.path);
  if (!asked.query.empty()) target += "?" + std::string(asked.query);
  Response response =
      html_response(problem.status(), confirm_page(problem.status(), problem.sentence, target));
  give_reason(response, problem.reason);
  return response;
}

}  // namespace

std::optional<Response> Routes::consider(const Request& head, const Visit& visit) const {
  auto fault = find_fault(find_route(head), head, visit);
  if (fault) secure(*fault);
  return fault;
}

bool Routes::is_upload(const Request& head) const {
  const RouteRow* const row = find_route(head).destination();
  return row && brings_body(*row, head.method);
}

std::variant<Response, Upload, Errand> Routes::route(const Request& request,
                                                     const Visit& visit) const {
  const Route route = find_route(request);
  if (auto fault = find_fault(route, request, visit)) return secured(std::move(*fault));
  if (is_errand(*route.row)) {
    auto planned = plan(route, request, visit);
    if (const auto* problem = std::get_if<Problem>(&planned)) {
      return secured(context_.refuse(*problem, route.style, visit));
    }
    return std::get<Errand>(std::move(planned));
  }
  if (!brings_body(*route.row, request.method)) {
    return secured(carry_out(route, request, visit));
  }
  auto taken = route.row->place == Place::infer ? inference_.take(route, request)
                                                : pictures_.take(route, request);
  if (const auto* problem = std::get_if<Problem>(&taken)) {
    return secured(context_.refuse(*problem, route.style, visit));
  }
  return std::get<Upload>(std::move(taken));
}

std::optional<Response> Routes::find_fault(const Route& route, const Request& head,
                                           const Visit& visit) const {
  const RouteRow* const row = route.destination();
  if (!row || !row->rules.any_host) {
    if (const auto problem = check_host_name(head, context_.rules().hosts)) {
      return context_.refuse_unknown(*problem, route.style, visit);
    }
  }
  if (route.problem) {
    Response response = context_.refuse(*route.problem, route.style, visit);
    if (response.status == 405) response.fields.push_back({"Allow", std::string(route.allow)});
    return response;
  }
  if (auto stranger = find_stranger(route, head, visit)) return stranger;
  if (row->rules.admin && visit.admin != AdminGate::Verdict::admitted) {
    return context_.refuse(not_signed_in(visit.admin), route.style, visit);
  }
  if (row->rules.near && !context_.gate().needed() && !context_.rules().is_near(visit.address)) {
    return context_.refuse({Reason::private_only,
                            "This is for this machine and the private networks, unless an admin "
                            "token is set."},
                           route.style, visit);
  }
  if (brings_body(*row, head.method)) {
    const auto problem = check_body_type(row->body, head);
    return problem ? std::optional(context_.refuse(*problem, route.style, visit)) : std::nullopt;
  }
  const bool chunked = count_fields(head.fields, "Transfer-Encoding") > 0;
  if (chunked || announced_body_bytes(head) > idle_body_bytes_max) {
    return context_.refuse({Reason::too_large, "This address takes no such body."}, route.style,
                           visit);
  }
  return std::nullopt;
}

std::optional<Response> Routes::find_stranger(const Route& route, const Request& head,
                                              const Visit& visit) const {
  if (!has_effect(*route.row, head.method)) return std::nullopt;
  const auto problem = check_same_site(head);
  if (!problem) return std::nullopt;
  return problem->reason == Reason::unconfirmed
             ? ask_back(*problem, route.target)
             : context_.refuse_unknown(*problem, route.style, visit);
}

std::variant<Errand, Problem> Routes::plan(const Route& route, const Request& request,
                                           const Visit& visit) const {
  switch (route.row->place) {
    case Place::job:
    case Place::job_events:
    case Place::workers_events:
      return storage_.plan(route, request);
    case Place::statistics:
    case Place::statistics_page:
      return statistics_.plan(route, visit);
    default:
      return results_.plan(route, request, visit);
  }
}

Response Routes::carry_out(const Route& route, const Request& request, const Visit& visit) const {
  switch (route.row->place) {
    case Place::form:
      break;
    case Place::add:
    case Place::remove:
      return workers_.change(route, visit);
    case Place::sign_in:
      return pages_.sign_in(request, visit);
    case Place::sign_out:
      return pages_.sign_out(request);
    case Place::asset:
      return pages_.asset(route.parameter, request, visit);
    case Place::icon:
      return pages_.asset("icon.svg", request, visit);
    case Place::alive:
      return pages_.alive();
    case Place::ready:
      return pages_.ready(visit);
    case Place::workers:
      return workers_.list(request, visit);
    case Place::worker:
      return workers_.one(route, request, visit);
    case Place::server_metadata:
      return inference_.server();
    case Place::server_live:
      return inference_.live();
    case Place::server_ready:
      return inference_.ready(visit);
    case Place::model_metadata:
      return inference_.model(route, visit);
    case Place::model_ready:
      return inference_.model_ready(route, visit);
    case Place::api:
      return pages_.api(visit);
    case Place::openapi:
      return pages_.openapi(request);
    case Place::metrics:
      return pages_.metrics();
    default:
      break;
  }
  return pages_.form(visit);
}

Response Routes::answer(const Upload& upload, std::span<const Preview> previews,
                        std::span<const dispatcher::Outcome> outcomes, const Visit& visit) const {
  if (!stops_at_failure(upload)) {
    return secured(pictures_.answer_all(upload, previews, outcomes, visit));
  }
  if (const auto* failure = std::get_if<dispatcher::Failure>(&outcomes.back())) {
    return secured(context_.refuse(to_problem(*failure), upload.style, visit));
  }
  if (upload.style == Style::inference) return secured(inference_.answer(upload, outcomes));
  const auto& answer = std::get<dispatcher::Answer>(outcomes.front());
  return secured(pictures_.answer(upload, previews.front(), answer, visit));
}

Response Routes::api_refusal(const Problem& problem, const Visit& visit) const {
  return context_.refuse(problem, Style::api, visit);
}

Response Routes::refusal_of_stream(const Visit& visit) const {
  return api_refusal({Reason::overloaded, "Too many watch already: try again in a moment."}, visit);
}

Response Routes::sent(Response response) { return secured(std::move(response)); }

std::string Routes::workers_event(const Visit& visit) const {
  return server_sent_event("workers", workers_json(context_.view_for(visit)));
}

Response Routes::refusal(const Request& head, const Problem& problem, const Visit& visit) const {
  return secured(context_.refuse_unknown(problem, find_route(head).style, visit));
}

}  // namespace samoyed::web
