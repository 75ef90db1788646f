#include "web/places.hpp"

#include <algorithm>
#include <string>

namespace samoyed::web {
namespace {

struct Match {
  Place place;
  std::string_view allow;
};

std::optional<Match> find_place(std::string_view path) {
  if (path == "/") return Match{Place::form, "GET, HEAD, POST"};
  if (path == "/healthz") return Match{Place::alive, "GET, HEAD"};
  if (path == "/readyz") return Match{Place::ready, "GET, HEAD"};
  if (path == "/favicon.ico") return Match{Place::icon, "GET, HEAD"};
  if (path.starts_with("/assets/")) return Match{Place::asset, "GET, HEAD"};
  // No HEAD: it asks about a page, and must not change the list.
  if (path == "/add" || path.starts_with("/add/")) return Match{Place::add, "GET, POST"};
  if (path == "/del" || path.starts_with("/del/")) return Match{Place::remove, "GET, POST"};
  if (path == "/sign-in") return Match{Place::sign_in, "POST"};
  if (path == "/sign-out") return Match{Place::sign_out, "POST"};
  return std::nullopt;
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
  const auto match = find_place(target->path);
  if (!match) {
    route.problem = {Reason::not_found, "This site has one page, the form."};
    return route;
  }
  route.place = match->place;
  route.allow = match->allow;
  if (!allows(match->allow, head.method)) {
    route.problem = {Reason::method_not_allowed,
                     "This address takes " + std::string(match->allow) + "."};
  }
  return route;
}

bool has_effect(Place place, std::string_view method) {
  return method == "POST" || place == Place::add || place == Place::remove;
}

}  // namespace samoyed::web
