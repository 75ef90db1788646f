#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace samoyed::dispatcher {

/// How the search for the workers of one DNS name goes.
struct DiscoveryStatus {
  std::string name;  ///< As given to --discover.
  std::uint64_t lookups = 0;
  std::uint64_t failures = 0;
  /// Number of addresses that the name has, including those that DNS dropped but that are still
  /// held.
  std::size_t workers = 0;
  /// When DNS answered last, in milliseconds since 1970 in UTC. std::nullopt if it never did.
  std::optional<std::int64_t> answered_ms = std::nullopt;
  /// The time since then, or since the start if DNS never answered.
  std::chrono::milliseconds answer_age{0};
  /// Why the last lookup failed or gave too few workers, as part of a sentence. Empty if it didn't.
  std::string problem = {};

  bool operator==(const DiscoveryStatus&) const = default;
};

/// Returns one status for each name of --discover.
using DiscoveryStatuses = std::function<std::vector<DiscoveryStatus>()>;

inline std::vector<DiscoveryStatus> no_discovery() { return {}; }

}  // namespace samoyed::dispatcher
