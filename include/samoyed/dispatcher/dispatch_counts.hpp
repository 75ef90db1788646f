#pragma once

#include <cstdint>

namespace samoyed::dispatcher {

/// Events of all workers since the start.
struct DispatchCounts {
  /// Images sent to a worker. More than one for a request are retries and hedges.
  std::uint64_t attempts = 0;
  std::uint64_t ejected = 0;
  std::uint64_t readmitted = 0;
  std::uint64_t forgotten = 0;

  bool operator==(const DispatchCounts&) const = default;
};

}  // namespace samoyed::dispatcher
