#include "web/routes/guards.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "samoyed/io/parse_number.hpp"
#include "samoyed/protocol/utf8.hpp"
#include "web/http/responses.hpp"
#include "web/http/size_text.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/image_upload.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {
namespace {

/// Maximum number of bytes of a parameter's name that an error repeats.
constexpr std::size_t shown_name_max = 100;

/// Maximum size of a request's body at an endpoint that takes no body.
constexpr std::uint64_t unwanted_body_bytes_max = 4096;

using Rejection = std::optional<Response>;

const Policy& policy_of(const RequestContext& context) { return context.route.route->policy; }

Rejection host_guard(const Services& services, const RequestContext& context) {
  if (context.route.route && policy_of(context).any_host) return std::nullopt;
  const auto problem =
      check_host_name(context.request, services.rules.hosts, context.forwarded_host);
  if (!problem) return std::nullopt;
  return anonymous_error_response(services, context, *problem);
}

Rejection route_guard(const Services& services, const RequestContext& context) {
  if (!context.route.problem) return std::nullopt;
  return error_response(services, context, *context.route.problem);
}

/// Returns a page with a button that sends the same request again as a POST.
Response confirmation(const Problem& problem, const ResolvedRoute& route) {
  const std::string target = route.path + (route.query.empty() ? "" : "?" + route.query);
  Response response =
      html_response(problem.status(), confirm_page(problem.status(), problem.sentence, target));
  give_reason(response, problem.reason);
  return response;
}

Rejection cross_site_guard(const Services& services, const RequestContext& context) {
  if (!has_effect(*context.route.route)) return std::nullopt;
  const auto problem = check_cross_site(context.request, context.forwarded_host);
  if (!problem) return std::nullopt;
  return problem->reason == Reason::unconfirmed
             ? confirmation(*problem, context.route)
             : anonymous_error_response(services, context, *problem);
}

Rejection admin_guard(const Services& services, const RequestContext& context) {
  const bool admitted = context.admin == AdminGate::Verdict::admitted;
  if (!policy_of(context).admin || admitted) return std::nullopt;
  return error_response(services, context, not_signed_in(context.admin));
}

Rejection local_guard(const Services& services, const RequestContext& context) {
  const bool restricted = policy_of(context).local_only && !services.gate.needed();
  if (!restricted || services.rules.is_local(context.address)) return std::nullopt;
  return error_response(services, context,
                        {Reason::private_only,
                         "Only this machine and private networks can use this address. To allow "
                         "others, start the dispatcher with --admin-token-file."});
}

std::string in_words(std::span<const std::string_view> names) {
  std::string words;
  for (const std::string_view name : names) {
    words += (words.empty() ? "`" : ", `") + std::string(name) + "`";
  }
  return words;
}

/// Rejects parameters that the endpoint doesn't know, because a misspelled one would be ignored.
Rejection query_guard(const Services& services, const RequestContext& context) {
  if (context.route.errors == ErrorFormat::page || policy_of(context).negotiates) {
    return std::nullopt;
  }
  const auto known = context.route.route->parameters;
  for (const QueryPart& part : query_parts(context.route.query)) {
    const std::string name =
        "`" + protocol::to_printable(part.name.substr(0, shown_name_max)) + "`";
    if (std::ranges::find(known, part.name) == known.end()) {
      const std::string ending = known.empty() ? "This address takes no parameters."
                                               : "Known are " + in_words(known) + ".";
      return error_response(services, context,
                            {Reason::bad_parameter, "Unknown parameter " + name + ". " + ending});
    }
    if (!part.value) {
      return error_response(
          services, context,
          {Reason::bad_parameter, "The value of " + name + " is badly encoded. Write % as %25."});
    }
  }
  return std::nullopt;
}

Rejection body_guard(const Services& services, const RequestContext& context) {
  const Fields& fields = context.request.fields;
  if (brings_body(*context.route.route)) {
    const auto problem = check_body_type(policy_of(context).body, context.request);
    return problem ? Rejection(error_response(services, context, *problem)) : std::nullopt;
  }
  const bool chunked = count_fields(fields, "Transfer-Encoding") > 0;
  const auto announced = io::parse_number<std::uint64_t>(find_field(fields, "Content-Length"));
  if (!chunked && announced.value_or(0) <= unwanted_body_bytes_max) return std::nullopt;
  return error_response(
      services, context,
      {Reason::too_large, "This address accepts no chunked body, and no body of more than " +
                              size_text(unwanted_body_bytes_max) + "."});
}

using Guard = Rejection (*)(const Services&, const RequestContext&);

/// In the order in which they run. The guards after route_guard may rely on a route.
constexpr Guard guards[] = {host_guard,  route_guard, cross_site_guard, admin_guard,
                            local_guard, query_guard, body_guard};

}  // namespace

std::optional<Response> check_request(const Services& services, const RequestContext& context) {
  for (const Guard guard : guards) {
    if (auto rejection = guard(services, context)) return rejection;
  }
  return std::nullopt;
}

}  // namespace samoyed::web
