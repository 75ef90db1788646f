#include "web/access/access.hpp"

#include <algorithm>
#include <string_view>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/protocol/address.hpp"
#include "web/http/url.hpp"

namespace samoyed::web {
namespace {

/// `host [ ":" port ]`, taken apart.
struct Authority {
  /// Lower case, without brackets and a root's dot.
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

/// What the request asks for: RFC 9112, section 3.2.2, prefers the target's to Host's.
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

/// Whether a URL, or its beginning, has the host and port that the request names. A proxy may have
/// taken the TLS off, so the scheme may be either, and its usual port may be left out.
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
          "Another site's page sent this. Open this site itself and do it from there."};
}

/// All browsers begin so, and no page can change it in what it sends to another site unasked.
bool is_browser(const Request& head) {
  return find_field(head.fields, "User-Agent").starts_with("Mozilla/");
}

}  // namespace

std::optional<Problem> check_host_name(const Request& head, const HostRules& rules) {
  const std::string_view asked = asked_authority(head);
  if (head.version < 11 && asked.empty()) return std::nullopt;
  const auto authority = parse_authority(asked);
  if (authority && is_own_name(authority->host, rules)) return std::nullopt;
  return Problem{Reason::host_not_allowed,
                 "This server isn't known as \"" + std::string(asked) +
                     "\". Use its address, or start it with --allowed-host and that name."};
}

std::optional<Problem> check_cross_site(const Request& head) {
  const std::size_t sites = count_fields(head.fields, "Sec-Fetch-Site");
  if (sites > 0) {
    const std::string_view site = find_field(head.fields, "Sec-Fetch-Site");
    const bool same = sites == 1 && (site == "same-origin" || site == "none");
    return same ? std::nullopt : std::optional(cross_site());
  }
  for (const std::string_view name : {"Origin", "Referer"}) {
    const std::size_t count = count_fields(head.fields, name);
    if (count == 0) continue;
    const bool same =
        count == 1 && is_same_authority(find_field(head.fields, name), asked_authority(head));
    return same ? std::nullopt : std::optional(cross_site());
  }
  if (!is_browser(head)) return std::nullopt;
  if (head.method != "GET") return cross_site();
  return Problem{
      Reason::unconfirmed,
      "Your browser doesn't say which page sent this, so it may have been another site's."};
}

}  // namespace samoyed::web
