#include "web/routes/route_context.hpp"

#include "web/http/responses.hpp"
#include "web/views/api_json.hpp"

namespace samoyed::web {
namespace {

using Shown = WorkersView::Shown;
using Verdict = AdminGate::Verdict;

Response body_of(const Problem& problem, Style style, const Visit& visit, const WorkersView& view) {
  const int status = problem.status();
  switch (style) {
    case Style::page:
      break;
    case Style::api:
      return json_response(status, problem_json(problem, visit.request_id),
                           "application/problem+json");
    case Style::inference:
      return json_response(status, error_json(problem.sentence));
  }
  return html_response(status, message_page(status, heading_of(status), problem.sentence, view));
}

Response refusal(const Problem& problem, Style style, const Visit& visit, const WorkersView& view) {
  Response response = body_of(problem, style, visit, view);
  give_reason(response, problem.reason);
  if (problem.status() == 401) response.fields.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

}  // namespace

WorkersView RouteContext::view_for(const Visit& visit) const {
  if (!gate_.needed()) return view(Shown::open);
  return view(visit.admin == Verdict::admitted ? Shown::signed_in : Shown::signed_out);
}

Response RouteContext::refuse(const Problem& problem, Style style, const Visit& visit) const {
  return refusal(problem, style, visit, style == Style::page ? view_for(visit) : WorkersView{});
}

Response RouteContext::refuse_unknown(const Problem& problem, Style style,
                                      const Visit& visit) const {
  return refusal(problem, style, visit, view(Shown::nothing));
}

Problem too_large(std::uint64_t image_bytes_max) {
  return {Reason::too_large,
          "A picture may have " + std::to_string(image_bytes_max >> 20) + " MiB at most."};
}

Problem not_signed_in(Verdict verdict) {
  if (verdict == Verdict::limited) {
    return {Reason::sign_in_limit, "Too many wrong tokens: try again in a minute."};
  }
  return {Reason::token_needed, verdict == Verdict::wrong
                                    ? "That is not the admin token."
                                    : "The workers are for who has the admin token."};
}

}  // namespace samoyed::web
