#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>

namespace samoyed::load {

/// The due times of requests from many independent clients: a Poisson process. The same seed gives
/// the same times with every compiler and library.
class PoissonArrivals {
 public:
  PoissonArrivals(double rate_per_s, std::uint64_t seed) : rate_per_s_(rate_per_s), random_(seed) {}

  /// Returns the due time of the next request, relative to the beginning.
  std::chrono::nanoseconds next() {
    // 53 random bits in [0, 1) give an exponentially distributed gap.
    const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;
    seconds_ -= std::log1p(-uniform) / rate_per_s_;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(seconds_));
  }

 private:
  double rate_per_s_;
  std::mt19937_64 random_;
  double seconds_ = 0;
};

}  // namespace samoyed::load
