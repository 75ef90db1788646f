#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "worker/image/resize_filter.hpp"

/// The two passes of a resize, which give the same bits as in Pillow, in versions for different
/// processors. All versions give the same results for the filters that they support.
namespace samoyed::worker {

/// Rows of pixels of three bytes each, one row below the other.
struct PixelRows {
  /// Begins with the first pixel. Nothing after its end is read.
  std::span<const std::uint8_t> bytes;
  /// Bytes from one row to the next.
  std::size_t stride;
  std::size_t count;
};

struct ResizePasses {
  const char* name;
  /// False if the passes rely on weights that are not negative: they then support only bilinear
  /// filters.
  bool takes_negative_weights;
  /// The horizontal pass: makes `rows.count` rows of filter.size() pixels, one after the other. The
  /// input rows begin with the pixel filter.begin().
  void (*narrow)(const ResizeFilter& filter, const PixelRows& rows, std::uint8_t* out);
  /// The vertical pass: makes filter.size() rows of `row_bytes` bytes, one after the other. The
  /// first input row is the row filter.begin().
  void (*flatten)(const ResizeFilter& filter, const PixelRows& rows, std::size_t row_bytes,
                  std::uint8_t* out);
};

/// For any processor.
const ResizePasses& portable_resize_passes();
/// For processors with AVX2; null if this one has none.
const ResizePasses* avx2_resize_passes();
/// The fastest version for this processor.
const ResizePasses& best_resize_passes();

}  // namespace samoyed::worker
