#include "web/access/access.hpp"

#include <algorithm>
#include <string_view>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/protocol/address.hpp"
#include "web/http/url.hpp"

namespace samoyed::web {
namespace {

/// `host [ ":" port ]`, split into its parts.
struct Authority {
  /// In lower case, without brackets or a trailing dot.
  std::string host;
  std::string_view port;

  bool operator==(const Authority&) const = default;
};

std::optional<Authority> parse_authority(std::string_view text) {
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == text.npos ? 0 : bracket);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  if (host.ends_with('.')) host.remove_suffix(1);
  auto parsed = protocol::parse_host(host);
  if (!parsed) return std::nullopt;
  return Authority{std::move(*parsed), port};
}

/// Returns the authority that the request asks for. According to RFC 9112, section 3.2.2, the
/// target's takes precedence over Host.
std::string_view asked_authority(const Request& head) {
  const auto target = parse_target(head.target);
  if (target && target->authority) return *target->authority;
  return find_field(head.fields, "Host");
}

bool is_within(std::string_view name, std::string_view domain) {
  return name == domain ||
         (name.ends_with(domain) && name.substr(0, name.size() - domain.size()).ends_with('.'));
}

bool is_allowed(std::string_view name, std::string_view rule) {
  if (!rule.starts_with('.')) return equal_ignoring_case(name, rule);
  const auto domain = protocol::parse_host(rule.substr(1));
  return domain && is_within(name, *domain);
}

bool is_own_name(std::string_view name, const HostRules& rules) {
  if (io::is_ip_literal(name) || is_within(name, "localhost")) return true;
  if (equal_ignoring_case(name, rules.own_name)) return true;
  return std::ranges::any_of(rules.allowed,
                             [&](const std::string& rule) { return is_allowed(name, rule); });
}

/// Returns whether a URL, or an origin, has the host and port that the request names. A proxy may
/// have terminated TLS, so either scheme will do, and the scheme's default port may be left out.
bool is_same_authority(std::string_view url, std::string_view asked) {
  const auto target = parse_target(url);
  if (!target || !target->authority) return false;
  const std::string_view usual_port =
      url.substr(4, 1) == "s" || url.substr(4, 1) == "S" ? "443" : "80";
  auto theirs = parse_authority(*target->authority);
  auto ours = parse_authority(asked);
  if (!theirs || !ours) return false;
  if (theirs->port.empty()) theirs->port = usual_port;
  if (ours->port.empty()) ours->port = usual_port;
  return theirs == ours;
}

Problem cross_site() {
  return {Reason::cross_site,
          "A page of another website sent this request. Open this site and try again from there."};
}

/// Every browser's User-Agent begins with this, and no page can change it in requests that it sends
/// to another site without permission.
bool is_browser(const Request& head) {
  return find_field(head.fields, "User-Agent").starts_with("Mozilla/");
}

std::optional<Problem> check_name(std::string_view asked, const HostRules& rules) {
  const auto authority = parse_authority(asked);
  if (authority && is_own_name(authority->host, rules)) return std::nullopt;
  return Problem{Reason::host_not_allowed,
                 "This server doesn't know the host name \"" + std::string(asked) +
                     "\". Use its IP address, or start it with --allowed-host and that name."};
}

}  // namespace

std::optional<Problem> check_host_name(const Request& head, const HostRules& rules,
                                       const std::optional<std::string>& forwarded_host) {
  const std::string_view asked = asked_authority(head);
  const bool unnamed = head.version < 11 && asked.empty();
  if (!unnamed) {
    if (auto problem = check_name(asked, rules)) return problem;
  }
  return forwarded_host ? check_name(*forwarded_host, rules) : std::nullopt;
}

std::optional<Problem> check_cross_site(const Request& head,
                                        const std::optional<std::string>& forwarded_host) {
  const std::string_view asked = forwarded_host ? *forwarded_host : asked_authority(head);
  const std::size_t sites = count_fields(head.fields, "Sec-Fetch-Site");
  if (sites > 0) {
    const std::string_view site = find_field(head.fields, "Sec-Fetch-Site");
    const bool same = sites == 1 && (site == "same-origin" || site == "none");
    return same ? std::nullopt : std::optional(cross_site());
  }
  for (const std::string_view name : {"Origin", "Referer"}) {
    const std::size_t count = count_fields(head.fields, name);
    if (count == 0) continue;
    const bool same = count == 1 && is_same_authority(find_field(head.fields, name), asked);
    return same ? std::nullopt : std::optional(cross_site());
  }
  if (!is_browser(head)) return std::nullopt;
  if (head.method != "GET") return cross_site();
  return Problem{
      Reason::unconfirmed,
      "Your browser doesn't say which page sent this request. Another website may have sent it."};
}

}  // namespace samoyed::web
