#include "worker/kernels/max_pool.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/kernels/simd.hpp"

using namespace samoyed::worker;

namespace {

std::size_t offset(std::int64_t block, std::int64_t rows, std::int64_t columns,
                   std::int64_t channel, std::int64_t row, std::int64_t column) {
  return static_cast<std::size_t>(((channel / block * rows + row) * columns + column) * block +
                                  channel % block);
}

}  // namespace

TEST_CASE("a max pool takes the largest of those 3x3 pixels that are inside the image") {
  if (!has_avx2()) {
    WARN("skipped: needs AVX2");
    return;
  }
  // With odd sides the last window ends with the image. With even sides it lacks a row or column.
  const MaxPool pools[] = {{8, 8, 3, 3, 1, 1},    {16, 8, 5, 7, 2, 3},  {8, 8, 4, 6, 2, 3},
                           {32, 16, 13, 9, 6, 4}, {16, 16, 6, 4, 3, 2}, {8, 8, 2, 2, 1, 1}};
  for (const MaxPool& pool : pools) {
    CAPTURE(pool.channels, pool.block, pool.input_rows, pool.input_columns);
    std::vector<float> input(
        static_cast<std::size_t>(pool.channels * pool.input_rows * pool.input_columns));
    for (std::size_t i = 0; i < input.size(); ++i) {
      input[i] = static_cast<float>(i * 7919 % 1009) - 504.0F;
    }
    std::vector<float> output(
        static_cast<std::size_t>(pool.channels * pool.output_rows * pool.output_columns), -1e30F);
    max_pool(pool, input.data(), output.data());
    for (std::int64_t channel = 0; channel < pool.channels; ++channel) {
      for (std::int64_t row = 0; row < pool.output_rows; ++row) {
        for (std::int64_t column = 0; column < pool.output_columns; ++column) {
          float expected = -1e30F;
          for (std::int64_t y = 2 * row; y < std::min(2 * row + 3, pool.input_rows); ++y) {
            for (std::int64_t x = 2 * column; x < std::min(2 * column + 3, pool.input_columns);
                 ++x) {
              expected = std::max(
                  expected,
                  input[offset(pool.block, pool.input_rows, pool.input_columns, channel, y, x)]);
            }
          }
          REQUIRE(output[offset(pool.block, pool.output_rows, pool.output_columns, channel, row,
                                column)] == expected);
        }
      }
    }
  }
}
