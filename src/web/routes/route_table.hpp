#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/policy.hpp"

namespace samoyed::web {

struct RequestContext;
struct Services;

/// Answers a request to one endpoint. Both arguments outlive the call. Throws StorageError if
/// the history or the jobs fail.
using Handler = asio::awaitable<Response> (*)(Services& services, RequestContext& context);

/// One endpoint.
struct Route {
  /// GET also accepts HEAD if the policy allows it.
  std::string_view method;
  /// A path in which `{name}` matches one segment. `{name...}` at the end matches the whole rest,
  /// which may be empty.
  std::string_view pattern;
  Policy policy;
  Handler handler;
  /// The names that the query may have. Endpoints of pages ignore others, because links often have
  /// parameters added to them.
  std::span<const std::string_view> parameters = {};
};

/// Returns all endpoints of the site. If several patterns match a path, the first one is used.
std::span<const Route> route_table();

/// The route of a request, or why it has none.
struct ResolvedRoute {
  /// Null if the request has no route. Then `problem` says why.
  const Route* route = nullptr;
  std::optional<Problem> problem;
  /// With the problem `method_not_allowed` and for OPTIONS: the path's methods in the format of the
  /// field `Allow`.
  std::string allow;
  /// The format of the request's errors, even if it has no route.
  ErrorFormat errors = ErrorFormat::page;
  std::string path;
  /// What follows the question mark.
  std::string query;
  /// The part of the path that replaces the pattern's `{name}`, neither decoded nor checked.
  std::string parameter;
};

/// `base_path` is removed from the request's path if it begins with it.
ResolvedRoute resolve_route(const Request& head, std::string_view base_path = {});

/// Returns true if the endpoint changes something or costs work, so that pages of other sites must
/// not be able to call it.
bool has_effect(const Route& route);

/// Returns true if the endpoint takes its input, such as images, from the body.
bool brings_body(const Route& route);

/// Returns true if the endpoint shows or changes a visitor's results, or adds some.
bool uses_visitor(const Route& route);

}  // namespace samoyed::web
