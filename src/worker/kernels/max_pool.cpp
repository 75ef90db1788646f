#include "worker/kernels/max_pool.hpp"

#include "worker/kernels/simd.hpp"

namespace samoyed::worker {
namespace {

Float8 load(const float* pixel) { return *reinterpret_cast<const UnalignedFloat8*>(pixel); }

Float8 larger(Float8 a, Float8 b) { return a < b ? b : a; }

std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Pools eight channels of one plane. A pixel is `pool.block` floats. Where the last 3x3 window
/// reaches beyond the image, the last row or column is read twice, which doesn't change the
/// maximum.
void pool_plane(const MaxPool& pool, const float* input, float* output) {
  const std::int64_t row_floats = pool.input_columns * pool.block;
  const std::int64_t last_row = pool.input_rows - 1;
  const std::int64_t last_column = pool.input_columns - 1;
  for (std::int64_t row = 0; row < 2 * pool.output_rows; row += 2) {
    const float* const first = input + row * row_floats;
    const float* const second = input + smaller(row + 1, last_row) * row_floats;
    const float* const third = input + smaller(row + 2, last_row) * row_floats;
    const auto largest_of = [&](std::int64_t column) {
      const std::int64_t offset = column * pool.block;
      return larger(larger(load(first + offset), load(second + offset)), load(third + offset));
    };
    Float8 left = largest_of(0);
    for (std::int64_t column = 0; column < 2 * pool.output_columns; column += 2) {
      const Float8 middle = largest_of(smaller(column + 1, last_column));
      const Float8 right = largest_of(smaller(column + 2, last_column));
      *reinterpret_cast<UnalignedFloat8*>(output) = larger(larger(left, middle), right);
      output += pool.block;
      left = right;
    }
  }
}

}  // namespace

void max_pool(const MaxPool& pool, const float* input, float* output) {
  const std::int64_t input_plane = pool.input_rows * pool.input_columns;
  const std::int64_t output_plane = pool.output_rows * pool.output_columns;
  for (std::int64_t channel = 0; channel < pool.channels; channel += 8) {
    const std::int64_t block_begin = channel / pool.block * pool.block;
    const std::int64_t in_block = channel - block_begin;
    pool_plane(pool, input + block_begin * input_plane + in_block,
               output + block_begin * output_plane + in_block);
  }
}

}  // namespace samoyed::worker
