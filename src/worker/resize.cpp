#include "worker/resize.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace samoyed::worker {

namespace {

constexpr std::size_t input_row_bytes = std::size_t{input_side_px} * 3;
/// Pillow's fixed point for 8-bit channels: 32 bits less 8 for the channel and 2 to spare.
constexpr int precision_bits = 32 - 8 - 2;
constexpr std::int32_t half = 1 << (precision_bits - 1);

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::min(sum >> precision_bits, 255));
}

/// Where the crop lies on one axis of the resized picture.
struct Axis {
  int input_px;    ///< Of the picture as it is.
  int resized_px;  ///< Of the whole resized picture.
  int crop_begin;  ///< The first of the 224 that are kept.
};

/// torchvision makes the short side 256 and the long one int(256 * long / short), and begins the
/// crop at Python's round((resized - 224) / 2), which goes to the even neighbour.
Axis make_axis(int side, int short_side) {
  const auto resized = static_cast<int>(std::int64_t{resized_short_side_px} * side / short_side);
  const int rest = resized - input_side_px;
  const int begin = rest / 2;
  const bool round_up = rest % 2 == 1 && begin % 2 == 1;
  return {side, resized, round_up ? begin + 1 : begin};
}

/// The filter for one axis: which input pixels make each of the 224 output pixels, and with which
/// weights.
class Filter {
 public:
  struct Tap {
    int first = 0;  ///< Input pixel that the first weight is for.
    int count = 0;
  };

  explicit Filter(const Axis& axis);

  const Tap& tap(int output) const { return taps_[static_cast<std::size_t>(output)]; }
  /// tap(output).count weights, none negative, that add up to 1 << precision_bits but for rounding.
  const std::int32_t* weights(int output) const {
    return weights_.data() + static_cast<std::size_t>(output) * stride_;
  }
  /// The input pixels that any output needs: from begin() to before end().
  int begin() const { return taps_.front().first; }
  int end() const { return taps_.back().first + taps_.back().count; }

 private:
  std::array<Tap, input_side_px> taps_;
  std::vector<std::int32_t> weights_;
  std::size_t stride_;
};

/// Pillow's precompute_coeffs and normalize_coeffs_8bpc for its bilinear (triangle) filter, in the
/// same order of double operations: this file is compiled without contraction to fused
/// multiply-add.
Filter::Filter(const Axis& axis) {
  const double scale = static_cast<double>(axis.input_px) / axis.resized_px;
  const double support = std::max(scale, 1.0);  // of the triangle, in input pixels to each side
  const double inverse = 1.0 / support;
  stride_ = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  weights_.resize(input_side_px * stride_);
  std::vector<double> exact(stride_);

  for (int output = 0; output < input_side_px; ++output) {
    const double centre = (axis.crop_begin + output + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + support + 0.5), axis.input_px);
    const int count = end - first;

    double total = 0.0;
    for (int i = 0; i < count; ++i) {
      const double distance = std::abs((i + first - centre + 0.5) * inverse);
      const double weight = distance < 1.0 ? 1.0 - distance : 0.0;
      exact[static_cast<std::size_t>(i)] = weight;
      total += weight;
    }
    std::int32_t* const weights = &weights_[static_cast<std::size_t>(output) * stride_];
    for (int i = 0; i < count; ++i) {
      const double weight = exact[static_cast<std::size_t>(i)] / total;
      weights[i] = static_cast<std::int32_t>(0.5 + weight * (1 << precision_bits));
    }
    taps_[static_cast<std::size_t>(output)] = {first, count};
  }
}

void filter_row(const Filter& filter, const std::uint8_t* row, std::uint8_t* out) {
  for (int x = 0; x < input_side_px; ++x, out += 3) {
    const Filter::Tap tap = filter.tap(x);
    const std::int32_t* const weights = filter.weights(x);
    const std::uint8_t* in = row + std::ptrdiff_t{tap.first} * 3;
    std::int32_t red = half;
    std::int32_t green = half;
    std::int32_t blue = half;
    for (int i = 0; i < tap.count; ++i, in += 3) {
      red += weights[i] * in[0];
      green += weights[i] * in[1];
      blue += weights[i] * in[2];
    }
    out[0] = rounded(red);
    out[1] = rounded(green);
    out[2] = rounded(blue);
  }
}

/// `rows` are as wide as the output; the first is the input's row filter.begin().
void filter_columns(const Filter& filter, const std::vector<std::uint8_t>& rows, Image& out) {
  std::array<std::int32_t, input_row_bytes> sums;
  for (int y = 0; y < input_side_px; ++y) {
    const Filter::Tap tap = filter.tap(y);
    const std::uint8_t* row =
        rows.data() + static_cast<std::size_t>(tap.first - filter.begin()) * input_row_bytes;
    sums.fill(half);
    for (int i = 0; i < tap.count; ++i, row += input_row_bytes) {
      const std::int32_t weight = filter.weights(y)[i];
      for (std::size_t x = 0; x < input_row_bytes; ++x) sums[x] += weight * row[x];
    }
    std::transform(sums.begin(), sums.end(),
                   out.rgb.begin() + y * static_cast<std::ptrdiff_t>(input_row_bytes), rounded);
  }
}

}  // namespace

Image resize_and_crop(const Image& image) {
  assert(image.width > 0 && image.height > 0);
  const int short_side = std::min(image.width, image.height);
  const Filter horizontal(make_axis(image.width, short_side));
  const Filter vertical(make_axis(image.height, short_side));

  // Rows first, rounded to 8 bits, then columns: Pillow's order.
  const auto rows = static_cast<std::size_t>(vertical.end() - vertical.begin());
  std::vector<std::uint8_t> narrowed(rows * input_row_bytes);
  const std::size_t stride = static_cast<std::size_t>(image.width) * 3;
  const std::uint8_t* in = image.rgb.data() + static_cast<std::size_t>(vertical.begin()) * stride;
  for (std::size_t y = 0; y < rows; ++y, in += stride) {
    filter_row(horizontal, in, &narrowed[y * input_row_bytes]);
  }

  Image out{input_side_px, input_side_px,
            std::vector<std::uint8_t>(input_side_px * input_row_bytes)};
  filter_columns(vertical, narrowed, out);
  return out;
}

}  // namespace samoyed::worker
