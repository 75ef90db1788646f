#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/crop.hpp"

namespace samoyed::worker {

/// Pillow's fixed point for 8-bit channels: 32 bits less 8 for the channel and 2 to spare.
inline constexpr int resize_precision_bits = 32 - 8 - 2;

/// The filter for one axis: which pixels of the stored picture make each of the 224 of the square,
/// and with which weights. The 224 are counted as they are stored.
class ResizeFilter {
 public:
  /// Pillow's precompute_coeffs and normalize_coeffs_8bpc for its bilinear filter. Memory of an
  /// earlier call is used again.
  void compute(const Axis& axis);

  const Tap& tap(int output) const { return taps_[static_cast<std::size_t>(output)]; }
  /// tap(output).count weights, none negative, that add up to 1 << resize_precision_bits but for
  /// rounding; zeros follow up to a multiple of weights_step.
  const std::int32_t* weights(int output) const {
    return weights_.data() + static_cast<std::size_t>(output) * stride_;
  }
  static constexpr std::size_t weights_step = 4;

  /// The pixels that any output needs: from begin() to before end().
  int begin() const { return taps_.front().first; }
  int end() const { return taps_.back().first + taps_.back().count; }

 private:
  std::array<Tap, input_side_px> taps_{};
  std::vector<std::int32_t> weights_;
  std::vector<double> exact_;
  std::size_t stride_ = 0;
};

}  // namespace samoyed::worker
