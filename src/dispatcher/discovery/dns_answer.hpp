#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// What DNS says about a name.
struct DnsAnswer {
  /// IP addresses with ports, without duplicates. Empty if the name or its records don't exist.
  std::vector<protocol::Address> addresses;
  /// The least time to live of the records, the aliases (CNAME) on the way included.
  std::chrono::seconds ttl{0};
  /// Why the answer isn't complete, so that an address that is missing may still exist: only some
  /// of the questions were answered, for example that for IPv4 addresses but not that for IPv6
  /// ones, or there are too many addresses. Empty if it is complete.
  std::string why_incomplete = {};

  bool complete() const { return why_incomplete.empty(); }
};

/// DNS didn't answer, or answered with an error. Nothing is known about the name.
struct DnsFailure {
  std::string why;
};

using DnsResult = std::variant<DnsAnswer, DnsFailure>;

}  // namespace samoyed::dispatcher
