#include "samoyed/protocol/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

#include "samoyed/protocol/ascii.hpp"

namespace samoyed::protocol {
namespace {

/// RFC 1035, section 2.3.4: 255 octets on the wire, which are 253 characters of text, and 63 per
/// label.
constexpr std::size_t name_length_max = 253;
constexpr std::size_t label_length_max = 63;

/// IFNAMSIZ of Linux, without the final zero byte.
constexpr std::size_t zone_length_max = 15;

bool is_lower_letter(char c) { return c >= 'a' && c <= 'z'; }

/// Returns true for `%` and the name or number of a network interface.
bool is_zone(std::string_view text) {
  const auto legal = [](char c) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return is_lower_letter(lower) || is_digit(c) || c == '-' || c == '_' || c == '.';
  };
  return text.size() > 1 && text.size() <= 1 + zone_length_max && text.front() == '%' &&
         std::all_of(text.begin() + 1, text.end(), legal);
}

std::optional<std::string> parse_ipv6(std::string_view text) {
  const std::size_t percent = std::min(text.find('%'), text.size());
  const std::string_view zone = text.substr(percent);
  text = text.substr(0, percent);
  in6_addr binary;
  char canonical[INET6_ADDRSTRLEN];
  if (text.find('\0') != text.npos) return std::nullopt;  // inet_pton would stop at it.
  if (inet_pton(AF_INET6, std::string(text).c_str(), &binary) != 1) return std::nullopt;
  if (!zone.empty() && (!IN6_IS_ADDR_LINKLOCAL(&binary) || !is_zone(zone))) return std::nullopt;
  return inet_ntop(AF_INET6, &binary, canonical, sizeof canonical) + std::string(zone);
}

bool is_ipv4(const std::string& text) {
  in_addr binary;
  return inet_pton(AF_INET, text.c_str(), &binary) == 1;
}

bool is_name_label(std::string_view label) {
  const auto legal = [](char c) {
    return is_lower_letter(c) || is_digit(c) || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= label_length_max && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), legal);
}

/// Follows RFC 1123, section 2.1, but also accepts underscores because container networks use them.
/// The resolver would read a name whose last label is a number as an IPv4 address, so such a name
/// must be a valid one.
std::optional<std::string> parse_name_or_ipv4(std::string_view text) {
  const std::string host = to_lower(text);
  if (host.empty() || host.size() > name_length_max) return std::nullopt;
  std::string_view rest = host;
  std::string_view label;
  while (true) {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_name_label(label)) return std::nullopt;
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  const bool numeric = std::all_of(label.begin(), label.end(), is_digit) || label.starts_with("0x");
  if (numeric && !is_ipv4(host)) return std::nullopt;
  return host;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  const bool plain_number = error == std::errc() && stop == end && text.front() != '0';
  if (!plain_number) return std::nullopt;
  return port;
}

}  // namespace

std::optional<std::string> parse_host(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    return parse_ipv6(text.substr(1, text.size() - 2));
  }
  if (text.find(':') != text.npos) return parse_ipv6(text);
  return parse_name_or_ipv4(text);
}

std::optional<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  const std::string_view host_text = text.substr(0, colon);
  // An IPv6 address contains colons itself, so without brackets it is unclear where the port
  // begins.
  if (!host_text.starts_with('[') && host_text.find(':') != host_text.npos) return std::nullopt;
  const auto host = parse_host(host_text);
  const auto port = parse_port(text.substr(colon + 1));
  if (!host || !port) return std::nullopt;
  return Address{*host, *port};
}

std::string to_string(const Address& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace samoyed::protocol
