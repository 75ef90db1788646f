#include "worker/image/resize_filter.hpp"

#include <algorithm>
#include <cmath>

namespace samoyed::worker {

namespace {

/// Pillow's bilinear_filter and bicubic_filter (with a = -0.5). `distance` must not be negative.
double filter_value(Resampling resampling, double distance) {
  if (resampling == Resampling::bilinear) return distance < 1.0 ? 1.0 - distance : 0.0;
  constexpr double a = -0.5;
  const double x = distance;
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

/// Rounds halves away from zero, like Pillow.
std::int32_t fixed_point(double weight) {
  const double scaled = weight * (1 << resize_precision_bits);
  return static_cast<std::int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

/// Does Pillow's double operations in the same order. This file and crop.cpp are compiled without
/// contraction to fused multiply-add.
void ResizeFilter::compute(const Axis& axis) {
  const FilterWindow widest = filter_window(axis, 0);
  const double inverse = 1.0 / widest.stretch;
  const std::size_t count_max = static_cast<std::size_t>(std::ceil(widest.support)) * 2 + 1;
  const auto outputs = static_cast<std::size_t>(axis.crop_px);
  stride_ = (count_max + weights_step - 1) / weights_step * weights_step;
  weights_.assign(outputs * stride_, 0);
  taps_.resize(outputs);
  exact_.resize(count_max);

  for (int output = 0; output < axis.crop_px; ++output) {
    const FilterWindow window = filter_window(axis, output);
    const Tap tap = window.tap;
    double total = 0.0;
    for (int i = 0; i < tap.count; ++i) {
      const double distance = std::abs((i + tap.first - window.center + 0.5) * inverse);
      const double weight = filter_value(axis.resampling, distance);
      exact_[static_cast<std::size_t>(i)] = weight;
      total += weight;
    }
    const auto place = static_cast<std::size_t>(axis.mirrored ? axis.crop_px - 1 - output : output);
    taps_[place] = stored_tap(axis, tap);
    std::int32_t* const weights = &weights_[place * stride_];
    for (int i = 0; i < tap.count; ++i) {
      const double weight = exact_[static_cast<std::size_t>(i)] / total;
      weights[axis.mirrored ? tap.count - 1 - i : i] = fixed_point(weight);
    }
  }
}

}  // namespace samoyed::worker
