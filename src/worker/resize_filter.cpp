#include "worker/resize_filter.hpp"

#include <algorithm>
#include <cmath>

namespace samoyed::worker {

/// In Pillow's order of double operations: this file and crop.cpp are compiled without contraction
/// to fused multiply-add.
void ResizeFilter::compute(const Axis& axis) {
  const double support = triangle_at(axis, 0).support;
  const double inverse = 1.0 / support;
  const std::size_t count_max = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  stride_ = (count_max + weights_step - 1) / weights_step * weights_step;
  weights_.assign(input_side_px * stride_, 0);
  exact_.resize(count_max);

  for (int output = 0; output < input_side_px; ++output) {
    const Triangle triangle = triangle_at(axis, output);
    const Tap tap = triangle.tap;
    double total = 0.0;
    for (int i = 0; i < tap.count; ++i) {
      const double distance = std::abs((i + tap.first - triangle.centre + 0.5) * inverse);
      const double weight = distance < 1.0 ? 1.0 - distance : 0.0;
      exact_[static_cast<std::size_t>(i)] = weight;
      total += weight;
    }
    const auto place =
        static_cast<std::size_t>(axis.mirrored ? input_side_px - 1 - output : output);
    taps_[place] = stored_tap(axis, tap);
    std::int32_t* const weights = &weights_[place * stride_];
    for (int i = 0; i < tap.count; ++i) {
      const double weight = exact_[static_cast<std::size_t>(i)] / total;
      weights[axis.mirrored ? tap.count - 1 - i : i] =
          static_cast<std::int32_t>(0.5 + weight * (1 << resize_precision_bits));
    }
  }
}

}  // namespace samoyed::worker
