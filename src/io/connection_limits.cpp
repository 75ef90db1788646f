#include "samoyed/io/connection_limits.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "samoyed/io/process.hpp"

namespace samoyed::io {

ConnectionLimits within_descriptors(ConnectionLimits wanted, std::uint64_t descriptors_max,
                                    std::uint64_t others) {
  const std::uint64_t room = descriptors_max - std::min(others, descriptors_max / 2);
  if (wanted.connections_max <= room) return wanted;
  const double share = static_cast<double>(room) / static_cast<double>(wanted.connections_max);
  const auto per_peer = static_cast<double>(wanted.connections_per_peer_max) * share;
  return {std::max<std::size_t>(room, 1),
          std::max<std::size_t>(static_cast<std::size_t>(per_peer), 1)};
}

ConnectionLimits fit_to_descriptors(ConnectionLimits wanted, std::uint64_t others) {
  const std::uint64_t descriptors_max = read_process().descriptors_max;
  if (descriptors_max == 0) return wanted;  // Unknown.
  const ConnectionLimits fitting = within_descriptors(wanted, descriptors_max, others);
  if (fitting.connections_max < wanted.connections_max) {
    spdlog::warn(
        "at most {} connections instead of {}: the limit of {} open files leaves no room for more. "
        "Raise it (ulimit -n, or LimitNOFILE= of a service) to {}, or lower --connections-max",
        fitting.connections_max, wanted.connections_max, descriptors_max,
        wanted.connections_max + others);
  }
  return fitting;
}

}  // namespace samoyed::io
