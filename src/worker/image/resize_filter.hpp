#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/crop.hpp"

namespace samoyed::worker {

/// Fraction bits of Pillow's fixed-point weights for 8-bit channels: 32 bits minus 8 for the
/// channel and 2 to spare.
inline constexpr int resize_precision_bits = 32 - 8 - 2;

/// The filter for one axis: which pixels of the stored image contribute to each pixel of the crop,
/// and with which weights. The crop's pixels are counted as they are stored.
class ResizeFilter {
 public:
  /// Computes what Pillow's precompute_coeffs and normalize_coeffs_8bpc compute. Reuses the memory
  /// of an earlier call.
  void compute(const Axis& axis);

  /// Number of pixels of the crop.
  int size() const { return static_cast<int>(taps_.size()); }
  const Tap& tap(int output) const { return taps_[static_cast<std::size_t>(output)]; }
  /// Returns tap(output).count weights, which add up to 1 << resize_precision_bits except for
  /// rounding. None is negative if the filter is bilinear. Zeros follow up to a multiple of
  /// weights_step.
  const std::int32_t* weights(int output) const {
    return weights_.data() + static_cast<std::size_t>(output) * stride_;
  }
  static constexpr std::size_t weights_step = 4;

  /// The range of pixels that the outputs need: from begin() up to, but not including, end().
  int begin() const { return taps_.front().first; }
  int end() const { return taps_.back().first + taps_.back().count; }

 private:
  std::vector<Tap> taps_;
  std::vector<std::int32_t> weights_;
  std::vector<double> exact_;
  std::size_t stride_ = 0;
};

}  // namespace samoyed::worker
