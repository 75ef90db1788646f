#include "web/route_context.hpp"

#include "web/responses.hpp"

namespace samoyed::web {
namespace {

using Shown = WorkersView::Shown;
using Verdict = AdminGate::Verdict;

Response problem_page(const Problem& problem, const WorkersView& view) {
  const int status = problem.status();
  Response response =
      html_response(status, message_page(status, heading_of(status), problem.sentence, view));
  give_reason(response, problem.reason);
  if (status == 401) response.fields.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

}  // namespace

WorkersView RouteContext::view_for(const Visit& visit) const {
  if (!gate_.needed()) return view(Shown::open);
  return view(visit.admin == Verdict::admitted ? Shown::signed_in : Shown::signed_out);
}

Response RouteContext::refuse(const Problem& problem, Style, const Visit& visit) const {
  return problem_page(problem, view_for(visit));
}

Response RouteContext::refuse_unknown(const Problem& problem, Style) const {
  return problem_page(problem, view(Shown::nothing));
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
