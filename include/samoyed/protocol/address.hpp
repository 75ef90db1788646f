#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// Where a peer listens.
struct Address {
  /// A name in lower case, an IPv4 address, or an IPv6 address in its canonical form without
  /// brackets.
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const Address&) const = default;
};

/// Reads `HOST:PORT` with HOST a name, an IPv4 address or a bracketed IPv6 address (`[::1]:8888`)
/// and PORT in 1..65535. Returns std::nullopt for anything else; `address_syntax` describes for a
/// person what is accepted.
std::optional<Address> parse_address(std::string_view text);

/// Reads a HOST alone, as `parse_address` takes it but with the brackets optional.
std::optional<std::string> parse_host(std::string_view text);

/// `localhost:8888`, `[::1]:8888`.
std::string to_string(const Address& address);

inline constexpr std::string_view address_syntax =
    "HOST:PORT with a name, an IPv4 address or [IPv6] and a port from 1 to 65535, for example "
    "localhost:8888 or [::1]:8888";

}  // namespace samoyed::protocol
