#pragma once

namespace samoyed::bench {

/// The best that one core of this machine can do, measured with tiny loops.
struct Floors {
  /// float32 operations in fused multiply-adds with the processor's widest vectors. 0 if it has no
  /// vectors that this program supports.
  double gflop_per_s = 0;
  /// Speed of reading an amount of memory that far exceeds the caches.
  double memory_gb_per_s = 0;
};

Floors measure_floors();

}  // namespace samoyed::bench
