#pragma once

#include <chrono>

namespace samoyed::dispatcher {

/// When the names of --discover are looked up, and how long their workers are held.
struct DiscoveryOptions {
  /// How long a worker that answers stays after DNS has dropped it. A DNS server that restarts may
  /// answer with only some of its records at first.
  std::chrono::milliseconds hold{30000};
  /// The bounds of the time between two lookups, which otherwise is the answer's time to live.
  std::chrono::milliseconds interval_min{5000};
  std::chrono::milliseconds interval_max{30000};
};

}  // namespace samoyed::dispatcher
