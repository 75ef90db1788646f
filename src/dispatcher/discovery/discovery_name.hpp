#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::dispatcher {

/// A DNS name whose records are workers.
struct DiscoveryName {
  std::string name;  ///< In lower case, without a final dot.
  /// The workers' port, or 0 if the name has SRV records, which contain ports.
  std::uint16_t port = 0;
  /// True if the name was given with a final dot. It is then complete: no search domain follows.
  bool absolute = false;

  bool has_services() const { return port == 0; }
  bool operator==(const DiscoveryName&) const = default;
};

/// Parses `NAME:PORT`, for A and AAAA records, or `_SERVICE._PROTOCOL.NAME`, for SRV records (RFC
/// 2782). Returns std::nullopt for anything else, IP addresses included.
std::optional<DiscoveryName> parse_discovery_name(std::string_view text);

/// Formats a name as `parse_discovery_name` reads it.
std::string to_string(const DiscoveryName& name);

inline constexpr std::string_view discovery_name_syntax =
    "NAME:PORT for the addresses of a name, for example workers.example.org:8888, or "
    "_SERVICE._tcp.NAME for its SRV records, for example _samoyed._tcp.example.org";

/// How /etc/resolv.conf completes names.
struct SearchRules {
  std::vector<std::string> domains;
  int ndots = 1;
};

/// The complete names that `name` may mean, in the order in which they are looked up
/// (resolv.conf(5)): a name with at least `ndots` dots is first tried as it is, any other one last.
std::vector<std::string> complete_names(const DiscoveryName& name, const SearchRules& rules);

}  // namespace samoyed::dispatcher
