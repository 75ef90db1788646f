#pragma once

namespace samoyed::bench {

/// What one core of this machine does at best, measured by tiny loops.
struct Floors {
  /// float32 operations by fused multiply-add with the widest vectors that the processor has; 0
  /// where it has none that this knows.
  double gflop_per_s = 0;
  /// Reading memory far beyond the caches.
  double memory_gb_per_s = 0;
};

Floors measure_floors();

}  // namespace samoyed::bench
