#pragma once

#include <cstddef>
#include <cstdint>

namespace samoyed::io {

/// How many connections a server keeps open.
struct ConnectionLimits {
  std::size_t connections_max = 0;
  std::size_t connections_per_peer_max = 0;
};

/// Returns the limits for a process that may have `descriptors_max` open descriptors, of which it
/// may need `others` for something else. Connections get at least half of all descriptors. Lower
/// limits keep their proportion.
ConnectionLimits within_descriptors(ConnectionLimits wanted, std::uint64_t descriptors_max,
                                    std::uint64_t others);

/// Returns the limits for this process. Logs a warning that says what to do if they are lower than
/// `wanted`. Call it after `raise_descriptor_limit`.
ConnectionLimits fit_to_descriptors(ConnectionLimits wanted, std::uint64_t others);

/// The same for limits that have more members than these two.
template <typename Limits>
Limits fit_to_descriptors(Limits wanted, std::uint64_t others) {
  const ConnectionLimits fitting = fit_to_descriptors(
      ConnectionLimits{wanted.connections_max, wanted.connections_per_peer_max}, others);
  wanted.connections_max = fitting.connections_max;
  wanted.connections_per_peer_max = fitting.connections_per_peer_max;
  return wanted;
}

}  // namespace samoyed::io
