#include "web/routes/error_responses.hpp"

#include <string>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/http/reasons.hpp"
#include "web/http/responses.hpp"
#include "web/http/size_text.hpp"
#include "web/http/url.hpp"
#include "web/routes/permissions.hpp"
#include "web/views/api_json.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {
namespace {

using Verdict = AdminGate::Verdict;

Response body_of(const Problem& problem, const RequestContext& context, const WorkersView& view) {
  const int status = problem.status();
  switch (context.route.errors) {
    case ErrorFormat::page:
      break;
    case ErrorFormat::text:
      return text_response(status, problem.sentence);
    case ErrorFormat::api:
      return json_response(status, problem_json(problem, context.request_id),
                           "application/problem+json");
    case ErrorFormat::inference:
      return json_response(status, error_json(problem.sentence));
  }
  return html_response(status,
                       message_page(status, heading_of(problem.reason), problem.sentence, view));
}

Response respond(const Problem& problem, const RequestContext& context, const WorkersView& view) {
  Response response = body_of(problem, context, view);
  add_error_fields(response, problem, context);
  return response;
}

}  // namespace

void add_error_fields(Response& response, const Problem& problem, const RequestContext& context) {
  give_reason(response, problem.reason);
  if (problem.status() == 401) response.fields.push_back({"WWW-Authenticate", "Bearer"});
  if (problem.status() == 405) response.fields.push_back({"Allow", context.route.allow});
}

Response error_response(const Services& services, const RequestContext& context,
                        const Problem& problem) {
  const bool page = context.route.errors == ErrorFormat::page;
  return respond(problem, context, page ? workers_view(services, context) : WorkersView{});
}

Response anonymous_error_response(const Services& services, const RequestContext& context,
                                  const Problem& problem) {
  return respond(problem, context, no_workers_view(services));
}

Problem too_large(std::uint64_t image_bytes_max) {
  return {Reason::too_large,
          "The picture is too large (limit " + size_text(image_bytes_max) + ")."};
}

Problem missing_model(const Services& services, const RequestContext& context) {
  const std::string_view path_part = context.route.parameter;
  const std::string model = percent_decode(path_part).value_or(std::string(path_part));
  const auto reason = services.workers.lacks(model) ? dispatcher::FailureReason::unknown_model
                                                    : dispatcher::FailureReason::no_active_worker;
  const dispatcher::Failure failure{reason, {}};
  return {reason_of(failure), describe(failure, services.workers, model)};
}

Problem not_signed_in(Verdict verdict) {
  if (verdict == Verdict::limited) {
    return {Reason::sign_in_limit, "Too many wrong tokens. Try again in a minute."};
  }
  return {Reason::token_needed,
          verdict == Verdict::wrong
              ? "Wrong admin token. Try again."
              : "Only people with the admin token can see or change workers."};
}

Problem upload_not_admitted(Reason reason) {
  const bool own = reason == Reason::client_limit;
  return {reason, own ? "You have too many uploads in progress. Wait until some are done."
                      : "The server has too many uploads in progress. Try again in a moment."};
}

Problem too_many_streams() {
  return {Reason::overloaded, "Too many streams are open. Close some, or try again later."};
}

Problem internal_error() {
  return {Reason::internal, "Something went wrong on the server. Its log has the details."};
}

Problem storage_error() {
  return {Reason::storage,
          "Results and jobs are unavailable at the moment. Pictures are still recognized."};
}

}  // namespace samoyed::web
