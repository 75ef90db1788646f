#include "web/http/client_address.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/protocol/address.hpp"
#include "web/http/base_path.hpp"

namespace samoyed::web {
namespace {

/// What one proxy states about the sender of the request.
struct Hop {
  /// std::nullopt if it can't be parsed.
  std::optional<std::string> node;
  bool https = false;
  std::optional<std::string> host = std::nullopt;
};

bool is_port(std::string_view text) {
  const bool obfuscated = text.starts_with('_') && text.size() > 1;
  return obfuscated || (!text.empty() && text.size() <= 5 &&
                        std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }));
}

bool is_identifier(std::string_view text) {
  return text.starts_with('_') && text.size() > 1 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

/// Parses `node [ ":" node-port ]` of RFC 7239, section 6, and the bare IPv6 address of
/// X-Forwarded-For. Returns std::nullopt for `unknown`, and if the text can't be parsed.
std::optional<std::string> parse_node(std::string_view text) {
  std::string_view name = text;
  const std::size_t bracket = text.find(']');
  const bool bare_ipv6 = bracket == text.npos && std::ranges::count(text, ':') > 1;
  const std::size_t colon = text.find(':', bracket == text.npos ? 0 : bracket);
  if (!bare_ipv6 && colon != text.npos) {
    if (!is_port(text.substr(colon + 1))) return std::nullopt;
    name = text.substr(0, colon);
  }
  if (is_identifier(name)) return std::string(name);
  const auto host = protocol::parse_host(name);
  if (!host || !io::is_ip_literal(*host)) return std::nullopt;
  return io::unmapped_ip(*host);
}

/// Splits at `separator`, but not within quotation marks. Returns std::nullopt if a quotation mark
/// is not closed.
std::optional<std::vector<std::string_view>> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (i >= text.size() || quoted || text[i] != separator) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  if (quoted) return std::nullopt;
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

std::optional<std::string> unquoted(std::string_view text) {
  if (!text.starts_with('"')) return std::string(text);
  if (text.size() < 2 || !text.ends_with('"')) return std::nullopt;
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    plain += text[i];
  }
  return plain;
}

/// Parses an element such as `for=192.0.2.60;proto=http;by=203.0.113.43`.
Hop parse_forwarded_element(std::string_view element) {
  Hop hop;
  bool known = false;
  const auto pairs = split(element, ';');
  if (!pairs) return {};
  for (const std::string_view pair : *pairs) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos) return {};
    const std::string_view name = pair.substr(0, equals);
    const auto value = unquoted(pair.substr(equals + 1));
    if (!value) return {};
    if (equal_ignoring_case(name, "for")) {
      if (std::exchange(known, true)) return {};  // RFC 7239, section 4: once per element.
      hop.node = parse_node(*value);
    } else if (equal_ignoring_case(name, "proto")) {
      hop.https = equal_ignoring_case(*value, "https");
    } else if (equal_ignoring_case(name, "host")) {
      hop.host = *value;
    }
  }
  return hop;
}

/// Returns the hops from left to right. A line that can't be split becomes one hop without a node.
std::vector<Hop> parse_hops(const Fields& fields, std::string_view name) {
  const bool standard = equal_ignoring_case(name, "Forwarded");
  std::vector<Hop> hops;
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, name)) continue;
    const auto elements = split(field.value, ',');
    if (!elements) {
      hops.emplace_back();
      continue;
    }
    for (const std::string_view element : *elements) {
      if (element.empty()) continue;
      hops.push_back(standard ? parse_forwarded_element(element) : Hop{parse_node(element)});
    }
  }
  return hops;
}

/// Returns the last hop that is not a trusted proxy, or the first hop if all are. Returns
/// std::nullopt if there are no hops, or if one can't be parsed on the way there.
std::optional<Client> pick(const std::vector<Hop>& hops, const ProxyPredicate& trusted) {
  std::optional<Client> client;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    if (!hop->node) return std::nullopt;
    client = Client{*hop->node, hop->https, hop->host};
    if (!trusted(client->address)) break;
  }
  return client;
}

/// Returns the last value of a field that is a list, or std::nullopt if the field is missing or its
/// last value is empty.
std::optional<std::string_view> last_value(const Fields& fields, std::string_view name) {
  std::string_view last;
  for (const Field& field : fields) {
    if (equal_ignoring_case(field.name, name)) last = field.value;
  }
  const std::size_t comma = last.rfind(',');
  last = trimmed(comma == last.npos ? last : last.substr(comma + 1));
  return last.empty() ? std::nullopt : std::optional(last);
}

/// Returns the client that trusted proxies name, or the proxy `itself`.
Client find_sender(const Client& itself, const Fields& fields, const ProxyPredicate& trusted) {
  const auto standard_hops = parse_hops(fields, "Forwarded");
  const auto usual_hops = parse_hops(fields, "X-Forwarded-For");
  const auto standard = pick(standard_hops, trusted);
  const auto usual = pick(usual_hops, trusted);
  if (usual_hops.empty()) return standard.value_or(itself);
  if (standard_hops.empty()) return usual.value_or(itself);
  const bool agree = standard && usual && standard->address == usual->address;
  return agree ? *standard : itself;
}

}  // namespace

Client find_client(std::string_view peer, const Fields& fields, const ProxyPredicate& trusted) {
  const Client itself{io::unmapped_ip(peer)};
  if (!trusted(itself.address)) return itself;
  Client client = find_sender(itself, fields, trusted);
  if (const auto scheme = last_value(fields, "X-Forwarded-Proto")) {
    client.https = equal_ignoring_case(*scheme, "https");
  }
  if (const auto host = last_value(fields, "X-Forwarded-Host")) client.host = *host;
  if (const auto prefix = last_value(fields, "X-Forwarded-Prefix")) {
    client.base_path = parse_base_path(*prefix);
  }
  return client;
}

}  // namespace samoyed::web
