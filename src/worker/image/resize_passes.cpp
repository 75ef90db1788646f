#include "worker/image/resize_passes.hpp"

#include <algorithm>
#include <array>

namespace samoyed::worker {

namespace {

constexpr std::int32_t rounding_bias = 1 << (resize_precision_bits - 1);

/// Bytes of a row whose sums are held at a time.
constexpr std::size_t column_bytes = 1024;

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> resize_precision_bits, 0, 255));
}

void narrow_row(const ResizeFilter& filter, const std::uint8_t* row, std::uint8_t* out) {
  for (int x = 0; x < filter.size(); ++x, out += 3) {
    const Tap tap = filter.tap(x);
    const std::int32_t* const weights = filter.weights(x);
    const std::uint8_t* in = row + std::ptrdiff_t{tap.first - filter.begin()} * 3;
    std::int32_t red = rounding_bias;
    std::int32_t green = rounding_bias;
    std::int32_t blue = rounding_bias;
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

void narrow(const ResizeFilter& filter, const PixelRows& rows, std::uint8_t* out) {
  const std::size_t out_bytes = static_cast<std::size_t>(filter.size()) * 3;
  for (std::size_t y = 0; y < rows.count; ++y, out += out_bytes) {
    narrow_row(filter, rows.bytes.data() + y * rows.stride, out);
  }
}

void flatten(const ResizeFilter& filter, const PixelRows& rows, std::size_t row_bytes,
             std::uint8_t* out) {
  std::array<std::int32_t, column_bytes> sums;
  for (int y = 0; y < filter.size(); ++y, out += row_bytes) {
    const Tap tap = filter.tap(y);
    const std::int32_t* const weights = filter.weights(y);
    const std::uint8_t* const first =
        rows.bytes.data() + static_cast<std::size_t>(tap.first - filter.begin()) * rows.stride;
    for (std::size_t left = 0; left < row_bytes; left += column_bytes) {
      const std::size_t width = std::min(column_bytes, row_bytes - left);
      std::fill_n(sums.begin(), width, rounding_bias);
      const std::uint8_t* in = first + left;
      for (int i = 0; i < tap.count; ++i, in += rows.stride) {
        const std::int32_t weight = weights[i];
        for (std::size_t x = 0; x < width; ++x) sums[x] += weight * in[x];
      }
      std::transform(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(width), out + left,
                     rounded);
    }
  }
}

}  // namespace

const ResizePasses& portable_resize_passes() {
  static constexpr ResizePasses passes{"portable", true, narrow, flatten};
  return passes;
}

const ResizePasses& best_resize_passes() {
  const ResizePasses* const avx2 = avx2_resize_passes();
  return avx2 != nullptr ? *avx2 : portable_resize_passes();
}

}  // namespace samoyed::worker
