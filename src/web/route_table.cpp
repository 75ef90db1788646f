#include "web/route_table.hpp"

#include <algorithm>
#include <string>

namespace samoyed::web {
namespace {

constexpr RouteRow rows[] = {
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
};

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

std::span<const RouteRow> route_table() { return rows; }

Route find_route(const Request& head) {
  Route route;
  if (!is_known_method(head.method)) {
    route.problem = {Reason::unknown_method, "This server knows the methods GET, HEAD and POST."};
    return route;
  }
  const auto target = parse_target(head.target);
  if (!target) {
    const bool about_server = head.method == "OPTIONS" || head.method == "CONNECT";
    route.allow = "GET, HEAD, POST";
    route.problem = about_server ? Problem{Reason::method_not_allowed,
                                           "This server has no other use for that method."}
                                 : Problem{Reason::bad_request, "The request's target is no path."};
    return route;
  }
  route.target = *target;
  for (const RouteRow& row : rows) {
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
  route.problem = {Reason::not_found, "This site has one page, the form."};
  return route;
}

bool has_effect(const RouteRow& row, std::string_view method) {
  return method == "POST" || row.rules.acts_on_get;
}

bool brings_body(const RouteRow& row, std::string_view method) {
  return method == "POST" && row.body != BodyKind::none;
}

}  // namespace samoyed::web
