#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// The address that a peer listens on.
struct Address {
  /// A name in lower case, an IPv4 address, or an IPv6 address in its canonical form without
  /// brackets. A link-local address may have a zone (`fe80::1%eth0`; RFC 4007, section 11).
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const Address&) const = default;
};

/// Parses `HOST:PORT`, where HOST is a name, an IPv4 address or a bracketed IPv6 address
/// (`[::1]:8888`) and PORT is 1..65535. Returns std::nullopt for anything else; `address_syntax`
/// describes the accepted form for users.
std::optional<Address> parse_address(std::string_view text);

/// Parses a HOST without a port. The rules are those of `parse_address`, but brackets are optional.
std::optional<std::string> parse_host(std::string_view text);

/// Formats an address, for example `localhost:8888` or `[::1]:8888`.
std::string to_string(const Address& address);

inline constexpr std::string_view address_syntax =
    "HOST:PORT with a host name, an IPv4 address or an IPv6 address in brackets, and a port from 1 "
    "to 65535, for example localhost:8888 or [::1]:8888";

}  // namespace samoyed::protocol
