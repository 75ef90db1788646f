#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "worker/image/resize_filter.hpp"

/// The two passes of a resize, each to the last bit as Pillow does them, in versions for different
/// processors. All have the same results, for the filters that they take.
namespace samoyed::worker {

/// Rows of bytes below each other, each pixel of which is three bytes.
struct PixelRows {
  std::span<const std::uint8_t> bytes;  ///< From the first pixel on; nothing behind it is read.
  std::size_t stride;                   ///< From one row to the next.
  std::size_t count;
};

struct ResizePasses {
  const char* name;
  /// False for those that rely on weights being positive: they take bilinear filters only.
  bool takes_negative_weights;
  /// Makes `rows.count` rows of filter.size() pixels, one after the other, of rows that begin with
  /// the pixel filter.begin().
  void (*narrow)(const ResizeFilter& filter, const PixelRows& rows, std::uint8_t* out);
  /// Makes filter.size() rows of `row_bytes`, one after the other, of rows the first of which is
  /// the row filter.begin().
  void (*flatten)(const ResizeFilter& filter, const PixelRows& rows, std::size_t row_bytes,
                  std::uint8_t* out);
};

/// For any processor.
const ResizePasses& portable_resize_passes();
/// For processors with AVX2; null where this one has none.
const ResizePasses* avx2_resize_passes();
/// The fastest that this processor runs.
const ResizePasses& best_resize_passes();

}  // namespace samoyed::worker
