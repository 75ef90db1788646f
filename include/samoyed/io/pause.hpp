#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace samoyed::io {

/// Returns the pause after `failures` failures in a row: `first`, and twice as long for each
/// further failure, but at most `max`.
inline std::chrono::milliseconds doubled_pause(std::chrono::milliseconds first,
                                               std::size_t failures,
                                               std::chrono::milliseconds max) {
  auto pause = std::min(first, max);
  for (std::size_t count = 1; count < failures && pause < max; ++count) {
    pause = std::min(2 * pause, max);
  }
  return pause;
}

/// Returns a pause that is longer or shorter by up to `share` of its length, so that programs that
/// began to wait together don't end together. `random` is in 0..1.
inline std::chrono::steady_clock::duration spread_pause(std::chrono::duration<double> pause,
                                                        double share, double random) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      pause * (1 + share * (2 * random - 1)));
}

}  // namespace samoyed::io
