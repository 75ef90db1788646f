#include "web/routes.hpp"

#include <charconv>
#include <string>

#include "web/responses.hpp"

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

std::variant<Response, Upload> Routes::route(const Request& request, const Visit& visit) const {
  const Route route = find_route(request);
  if (auto fault = find_fault(route, request, visit)) return secured(std::move(*fault));
  if (!brings_body(*route.row, request.method)) {
    return secured(carry_out(route, request, visit));
  }
  auto taken = pictures_.take(request);
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
      return context_.refuse_unknown(*problem, route.style);
    }
  }
  if (route.problem) {
    Response response = context_.refuse(*route.problem, route.style, visit);
    if (response.status == 405) response.fields.push_back({"Allow", std::string(route.allow)});
    return response;
  }
  if (auto stranger = find_stranger(*row, head, route)) return stranger;
  if (row->rules.admin && visit.admin != AdminGate::Verdict::admitted) {
    return context_.refuse(not_signed_in(visit.admin), route.style, visit);
  }
  if (brings_body(*row, head.method)) {
    const auto problem = pictures_.check_type(head);
    return problem ? std::optional(context_.refuse(*problem, route.style, visit)) : std::nullopt;
  }
  const bool chunked = count_fields(head.fields, "Transfer-Encoding") > 0;
  if (chunked || announced_body_bytes(head) > idle_body_bytes_max) {
    return context_.refuse({Reason::too_large, "This address takes no such body."}, route.style,
                           visit);
  }
  return std::nullopt;
}

std::optional<Response> Routes::find_stranger(const RouteRow& row, const Request& head,
                                              const Route& route) const {
  if (!has_effect(row, head.method)) return std::nullopt;
  const auto problem = check_same_site(head);
  if (!problem) return std::nullopt;
  return problem->reason == Reason::unconfirmed ? ask_back(*problem, route.target)
                                                : context_.refuse_unknown(*problem, route.style);
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
  }
  return pages_.form(visit);
}

Response Routes::answer(const Upload& upload, const Preview& preview,
                        std::span<const dispatcher::Outcome> outcomes, const Visit& visit) const {
  return secured(pictures_.answer(upload, preview, outcomes, visit));
}

Response Routes::refusal(const Request& head, const Problem& problem) const {
  return secured(context_.refuse_unknown(problem, find_route(head).style));
}

}  // namespace samoyed::web
