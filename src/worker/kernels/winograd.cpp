#include "worker/kernels/winograd.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "worker/kernels/simd.hpp"
#include "worker/kernels/winograd_kernels.hpp"

namespace samoyed::worker {
namespace {

/// Number of tiles whose transformed inputs are held at a time: 250 KB with 32 channels, half of a
/// core's L2.
constexpr std::int64_t tiles_at_a_time_max = 49;

constexpr std::int64_t kernel_px = 3;

/// The matrix G of F(4x4, 3x3).
constexpr std::array<std::array<double, kernel_px>, winograd_input_px> weight_transform{
    {{1.0 / 4, 0, 0},
     {-1.0 / 6, -1.0 / 6, -1.0 / 6},
     {-1.0 / 6, 1.0 / 6, -1.0 / 6},
     {1.0 / 24, 1.0 / 12, 1.0 / 6},
     {1.0 / 24, -1.0 / 12, 1.0 / 6},
     {0, 0, 1}}};

/// Element (y, x) of G g G^T, where g is the 3x3 kernel.
double transformed_weight(const float* kernel, std::size_t y, std::size_t x) {
  double sum = 0;
  for (std::size_t row = 0; row < kernel_px; ++row) {
    for (std::size_t column = 0; column < kernel_px; ++column) {
      sum += weight_transform[y][row] * double{kernel[row * kernel_px + column]} *
             weight_transform[x][column];
    }
  }
  return sum;
}

std::int64_t tiles_along(std::int64_t side) {
  return (side + winograd_output_px - 1) / winograd_output_px;
}

/// Returns null if the processor has no kernels for this block size.
const WinogradKernels* kernels_for(std::int64_t block) {
  if (block == 16 && has_avx512()) return &winograd_avx512;
  if (block == 8 && has_avx2()) return &winograd_avx2;
  return nullptr;
}

}  // namespace

WinogradConvolution::WinogradConvolution(const WinogradShape& shape, const float* weight,
                                         const float* bias)
    : shape_(shape), kernels_(kernels_for(shape.block)), bias_(bias, bias + shape.outputs) {
  assert(supports(shape));
  // One plane more than needed, because multiply_tiles prefetches one plane ahead.
  weights_.resize(static_cast<std::size_t>(
      (winograd_planes * shape.outputs + channels_at_a_time()) * shape.inputs / cache_line_floats));
  float* transformed = weights_.front().values;
  for (std::int64_t first = 0; first < shape.outputs; first += channels_at_a_time()) {
    for (std::size_t plane = 0; plane < winograd_planes; ++plane) {
      for (std::int64_t input = 0; input < shape.inputs; ++input) {
        for (std::int64_t output = first; output < first + channels_at_a_time(); ++output) {
          const float* const kernel =
              weight + (output * shape.inputs + input) * kernel_px * kernel_px;
          *transformed++ = static_cast<float>(
              transformed_weight(kernel, plane / winograd_input_px, plane % winograd_input_px));
        }
      }
    }
  }
}

bool WinogradConvolution::supports(const WinogradShape& shape) {
  return kernels_for(shape.block) != nullptr && shape.inputs % shape.block == 0 &&
         can_run(shape.block, 0, shape.outputs);
}

bool WinogradConvolution::can_run(std::int64_t block, std::int64_t first_output,
                                  std::int64_t outputs) {
  assert(block > 0);
  const std::int64_t channels = winograd_channels(block);
  return first_output % channels == 0 && outputs % channels == 0;
}

std::int64_t WinogradConvolution::channels_at_a_time() const {
  return winograd_channels(shape_.block);
}

std::int64_t WinogradConvolution::tile_count() const {
  return tiles_along(shape_.rows) * tiles_along(shape_.columns);
}

std::int64_t WinogradConvolution::tiles_at_a_time() const {
  const std::int64_t turns = (tile_count() + tiles_at_a_time_max - 1) / tiles_at_a_time_max;
  return (tile_count() + turns - 1) / turns;
}

std::size_t WinogradConvolution::scratch_bytes() const {
  const std::int64_t plane_floats = winograd_plane_floats(tiles_at_a_time(), shape_.inputs) +
                                    winograd_plane_floats(tiles_at_a_time(), channels_at_a_time());
  return static_cast<std::size_t>(winograd_planes * plane_floats) * sizeof(float);
}

void WinogradConvolution::run(std::int64_t first_output, std::int64_t outputs, const float* input,
                              float* output, float* scratch) const {
  assert(can_run(shape_.block, first_output, outputs));
  float* const products =
      scratch + winograd_planes * winograd_plane_floats(tiles_at_a_time(), shape_.inputs);
  for (std::int64_t first = 0; first < tile_count(); first += tiles_at_a_time()) {
    const std::int64_t count = std::min(tiles_at_a_time(), tile_count() - first);
    kernels_->transform_input_tiles(shape_, input, first, count, scratch);
    for (std::int64_t done = 0; done < outputs; done += channels_at_a_time()) {
      const std::int64_t channel = first_output + done;
      kernels_->multiply_tiles(shape_.inputs, count, scratch,
                               weights_.front().values + channel * winograd_planes * shape_.inputs,
                               products);
      kernels_->transform_output_tiles(shape_, products, first, count, bias_.data() + channel,
                                       output + done * shape_.rows * shape_.columns);
    }
  }
}

}  // namespace samoyed::worker
