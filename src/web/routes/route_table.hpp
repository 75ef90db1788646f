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

/// Answers the requests to one endpoint. Both arguments outlive the call. Throws StorageError if
/// the history or the jobs fail.
using Handler = asio::awaitable<Response> (*)(Services& services, RequestContext& context);

/// One endpoint.
struct Route {
  /// A HEAD request goes where GET leads, if the policy allows.
  std::string_view method;
  /// A path, in which `{name}` is one segment; at the end, `{name...}` is the whole rest, which may
  /// be empty.
  std::string_view pattern;
  Policy policy;
  Handler handler;
};

/// All endpoints of the site. Where several patterns fit a path, the first one counts.
std::span<const Route> route_table();

/// Where a request line leads, or why it leads nowhere.
struct ResolvedRoute {
  /// Null if the request leads nowhere; then `problem` says why.
  const Route* route = nullptr;
  std::optional<Problem> problem;
  /// With the problem `method_not_allowed`: the methods of the path, as `Allow` lists them.
  std::string allow;
  /// The format of this request's errors, also if it leads nowhere.
  ErrorFormat errors = ErrorFormat::page;
  std::string path;
  /// What follows the question mark.
  std::string query;
  /// What the path has in place of the pattern's `{name}`, neither decoded nor checked.
  std::string parameter;
};

ResolvedRoute resolve_route(const Request& head);

/// True if a request changes something or costs work, so that no other site's page may cause it.
bool has_effect(const Route& route);

/// True if a request brings what its endpoint wants in the body, such as images.
bool brings_body(const Route& route);

}  // namespace samoyed::web
