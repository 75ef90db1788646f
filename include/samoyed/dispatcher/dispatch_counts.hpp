#pragma once

#include <cstdint>

namespace samoyed::dispatcher {

/// What happened to workers since the start.
struct DispatchCounts {
  /// Images sent to a worker; those beyond one a request are retries and hedges.
  std::uint64_t tries = 0;
  std::uint64_t removed = 0;
  std::uint64_t readmitted = 0;
  std::uint64_t forgotten = 0;

  bool operator==(const DispatchCounts&) const = default;
};

}  // namespace samoyed::dispatcher
