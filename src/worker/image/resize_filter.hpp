#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/crop.hpp"

namespace samoyed::worker {

/// Pillow's fixed point for 8-bit channels: 32 bits less 8 for the channel and 2 to spare.
inline constexpr int resize_precision_bits = 32 - 8 - 2;

/// The filter for one axis: which pixels of the stored image make each of the crop's, and with
/// which weights. The crop's are counted as they are stored.
class ResizeFilter {
 public:
  /// Pillow's precompute_coeffs and normalize_coeffs_8bpc. Memory of an earlier call is used again.
  void compute(const Axis& axis);

  /// Pixels of the crop.
  int size() const { return static_cast<int>(taps_.size()); }
  const Tap& tap(int output) const { return taps_[static_cast<std::size_t>(output)]; }
  /// tap(output).count weights that add up to 1 << resize_precision_bits but for rounding, none
  /// negative where the filter is bilinear; zeros follow up to a multiple of weights_step.
  const std::int32_t* weights(int output) const {
    return weights_.data() + static_cast<std::size_t>(output) * stride_;
  }
  static constexpr std::size_t weights_step = 4;

  /// The pixels that any output needs: from begin() to before end().
  int begin() const { return taps_.front().first; }
  int end() const { return taps_.back().first + taps_.back().count; }

 private:
  std::vector<Tap> taps_;
  std::vector<std::int32_t> weights_;
  std::vector<double> exact_;
  std::size_t stride_ = 0;
};

}  // namespace samoyed::worker
