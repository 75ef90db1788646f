#include "worker/kernels/winograd.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/kernels/simd.hpp"

using namespace samoyed::worker;

namespace {

/// Numbers between -1 and 1 that look like noise, different for each seed.
std::vector<float> noise(std::int64_t count, std::uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(seed >> 8) / 0x1p23F - 1.0F;
  }
  return values;
}

/// The block sizes for which this processor has registers.
std::vector<std::int64_t> blocks() {
  std::vector<std::int64_t> blocks;
  if (has_avx2()) blocks.push_back(8);
  if (has_avx512()) blocks.push_back(16);
  if (blocks.empty()) WARN("skipped: needs AVX2");
  return blocks;
}

/// Index of a channel's pixel.
std::size_t offset(const WinogradShape& shape, std::int64_t channel, std::int64_t row,
                   std::int64_t column) {
  const std::int64_t pixel = (channel / shape.block * shape.rows + row) * shape.columns + column;
  return static_cast<std::size_t>(pixel * shape.block + channel % shape.block);
}

/// One output, computed in double by the definition of a convolution.
double convolve(const WinogradShape& shape, const std::vector<float>& input,
                const std::vector<float>& weight, double bias, std::int64_t output,
                std::int64_t row, std::int64_t column) {
  double sum = bias;
  for (std::int64_t channel = 0; channel < shape.inputs; ++channel) {
    for (std::int64_t y = std::max<std::int64_t>(row - 1, 0); y < std::min(row + 2, shape.rows);
         ++y) {
      for (std::int64_t x = std::max<std::int64_t>(column - 1, 0);
           x < std::min(column + 2, shape.columns); ++x) {
        const std::int64_t in_kernel = (y - row + 1) * 3 + x - column + 1;
        sum += double{input[offset(shape, channel, y, x)]} *
               double{weight[static_cast<std::size_t>((output * shape.inputs + channel) * 9 +
                                                      in_kernel)]};
      }
    }
  }
  return std::max(sum, 0.0);
}

}  // namespace

TEST_CASE("Winograd's convolution is correct, also where the image cuts off the last tiles") {
  std::vector<WinogradShape> shapes;
  for (const std::int64_t block : blocks()) {
    // The numbers of tiles make a step process from one tile to as many as fit its registers, and
    // more.
    shapes.insert(shapes.end(), {{block, block, 2 * block, 1, 1},
                                 {block, block, 2 * block, 4, 4},
                                 {block, 2 * block, 4 * block, 5, 3},
                                 {block, 3 * block, 2 * block, 13, 8},
                                 {block, 48, 64, 13, 13},
                                 {block, block, 2 * block, 29, 31},
                                 {block, block, 2 * block, 3, 4 * 51 - 1}});
    for (std::int64_t tiles = 2; tiles <= 15; ++tiles) {
      shapes.push_back({block, block, 2 * block, 3, 4 * tiles - 1});
    }
  }
  for (const WinogradShape& shape : shapes) {
    CAPTURE(shape.block, shape.inputs, shape.outputs, shape.rows, shape.columns);
    const auto input = noise(shape.inputs * shape.rows * shape.columns, 1);
    const auto weight = noise(shape.outputs * shape.inputs * 9, 2);
    const auto bias = noise(shape.outputs, 3);
    const WinogradConvolution convolution(shape, weight.data(), bias.data());
    // The previous contents of the scratch memory and the output must not matter.
    std::vector<float> scratch(convolution.scratch_bytes() / sizeof(float), 1e30F);
    std::vector<float> output(static_cast<std::size_t>(shape.outputs * shape.rows * shape.columns),
                              -1.0F);
    convolution.run(0, shape.outputs, input.data(), output.data(), scratch.data());

    double largest_difference = 0;
    for (std::int64_t channel = 0; channel < shape.outputs; ++channel) {
      for (std::int64_t row = 0; row < shape.rows; ++row) {
        for (std::int64_t column = 0; column < shape.columns; ++column) {
          const double expected =
              convolve(shape, input, weight, double{bias[static_cast<std::size_t>(channel)]},
                       channel, row, column);
          const double difference = output[offset(shape, channel, row, column)] - expected;
          largest_difference = std::max(largest_difference, std::abs(difference));
        }
      }
    }
    CHECK(largest_difference < 3e-4);  // Sums of up to 432 products below 1.
  }
}

TEST_CASE("Winograd's convolution writes only to its output and its scratch memory") {
  for (const std::int64_t block : blocks()) {
    CAPTURE(block);
    const WinogradShape shape{block, block, 2 * block, 6, 5};
    const auto weight = noise(shape.outputs * shape.inputs * 9, 2);
    const auto bias = noise(shape.outputs, 3);
    const WinogradConvolution convolution(shape, weight.data(), bias.data());
    constexpr float untouched = 12345.0F;
    const auto output_floats = static_cast<std::size_t>(shape.outputs * 6 * 5);
    const std::size_t scratch_floats = convolution.scratch_bytes() / sizeof(float);
    std::vector<float> output(output_floats + 64, untouched);
    std::vector<float> scratch(scratch_floats + 64, untouched);
    convolution.run(0, shape.outputs, noise(shape.inputs * 6 * 5, 1).data(), output.data() + 32,
                    scratch.data() + 32);
    const auto is_untouched = [](float value) { return value == untouched; };
    CHECK(std::all_of(output.begin(), output.begin() + 32, is_untouched));
    CHECK(std::all_of(output.end() - 32, output.end(), is_untouched));
    CHECK(std::all_of(scratch.begin(), scratch.begin() + 32, is_untouched));
    CHECK(std::all_of(scratch.end() - 32, scratch.end(), is_untouched));
  }
}

TEST_CASE("Winograd's convolution supports only whole blocks of channels") {
  CHECK(WinogradConvolution::supports({8, 8, 16, 1, 1}) == has_avx2());
  CHECK_FALSE(WinogradConvolution::supports({8, 4, 16, 1, 1}));
  CHECK_FALSE(WinogradConvolution::supports({8, 8, 24, 1, 1}));
  CHECK(WinogradConvolution::supports({16, 16, 32, 1, 1}) == has_avx512());
  CHECK_FALSE(WinogradConvolution::supports({16, 24, 32, 1, 1}));
  CHECK_FALSE(WinogradConvolution::supports({16, 16, 48, 1, 1}));
  CHECK_FALSE(WinogradConvolution::supports({4, 8, 16, 1, 1}));
}
