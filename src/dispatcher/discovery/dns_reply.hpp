#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace samoyed::dispatcher {

/// The records of a DNS reply's answer section that matter for discovery.
struct DnsRecords {
  struct Service {
    std::string host;  ///< A name in lower case, without the final dot.
    std::uint16_t port = 0;

    bool operator==(const Service&) const = default;
  };

  std::vector<std::string> addresses;  ///< Of A and AAAA records, as text.
  std::vector<Service> services;       ///< Of SRV records. Priorities and weights are ignored.
  /// The least time to live, that of aliases (CNAME) included.
  std::chrono::seconds ttl{0};
};

/// Parses a reply (RFC 1035, section 4; SRV: RFC 2782). Returns std::nullopt if it is malformed. An
/// SRV record whose target is `.` says that there is no service, and is left out.
std::optional<DnsRecords> parse_dns_reply(std::span<const unsigned char> reply);

}  // namespace samoyed::dispatcher
