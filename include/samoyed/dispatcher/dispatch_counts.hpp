#pragma once

#include <cstdint>

namespace samoyed::dispatcher {

/// Counts of events, over all workers, since the program started.
struct DispatchCounts {
  /// Images sent to a worker. Retries and hedges of a request count as well.
  std::uint64_t attempts = 0;
  std::uint64_t ejected = 0;
  std::uint64_t readmitted = 0;
  std::uint64_t forgotten = 0;
  /// Workers that said that they are about to stop, and those of them that have stopped.
  std::uint64_t drained = 0;
  std::uint64_t left = 0;

  bool operator==(const DispatchCounts&) const = default;
};

}  // namespace samoyed::dispatcher
