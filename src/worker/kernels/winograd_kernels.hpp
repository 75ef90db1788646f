#pragma once

#include <cstdint>

namespace samoyed::worker {

/// A 3x3 convolution with stride 1 and one pixel of padding, followed by a ReLU, of one image whose
/// channels are stored in blocks (oneDNN's nChw8c or nChw16c).
struct WinogradShape {
  std::int64_t block;    ///< Channels in a block: 8, or 16 for AVX-512.
  std::int64_t inputs;   ///< Channels, a multiple of the block.
  std::int64_t outputs;  ///< Channels, a multiple of two blocks.
  std::int64_t rows;     ///< The same for the input and the output, like `columns`.
  std::int64_t columns;
};

/// Side lengths in pixels: of a tile's outputs and of its inputs.
inline constexpr std::int64_t winograd_output_px = 4;
inline constexpr std::int64_t winograd_input_px = 6;
inline constexpr std::int64_t winograd_planes = winograd_input_px * winograd_input_px;

/// Number of output channels that are computed together. They fill two registers, one block each.
constexpr std::int64_t winograd_channels(std::int64_t block) { return 2 * block; }

/// Floats in a line of the processor's cache.
inline constexpr std::int64_t cache_line_floats = 16;

/// One cache line of weights, aligned so that no register is loaded from two lines.
struct alignas(64) WinogradWeights {
  float values[cache_line_floats];
};

/// The three steps of WinogradConvolution on a range of its tiles, for one register width.
///
/// Tiles are numbered row by row. Transformed planes are stored as [36][tile][channel]; each of the
/// 36 begins `winograd_plane_floats` floats after the one before it.
struct WinogradKernels {
  /// Transforms all input channels of `count` tiles, beginning with tile `first`.
  void (*transform_input_tiles)(const WinogradShape& shape, const float* input, std::int64_t first,
                                std::int64_t count, float* transformed);

  /// Multiplies `count` tiles by the weights of `winograd_channels` output channels, which are
  /// stored as [36][input channel][output channel]. Also prefetches the weights of a 37th plane.
  void (*multiply_tiles)(std::int64_t inputs, std::int64_t count, const float* transformed,
                         const float* weights, float* products);

  /// Transforms the products of `winograd_channels` output channels back, adds the bias, applies
  /// the ReLU, and writes the two blocks of channels that begin at `output`.
  void (*transform_output_tiles)(const WinogradShape& shape, const float* products,
                                 std::int64_t first, std::int64_t count, const float* bias,
                                 float* output);
};

/// For channels in blocks of 8.
extern const WinogradKernels winograd_avx2;
/// For channels in blocks of 16.
extern const WinogradKernels winograd_avx512;

/// Floats from the beginning of one transformed plane to the next. The spare cache line keeps the
/// 36 planes from mapping to the same set of the cache.
[[gnu::always_inline]] constexpr std::int64_t winograd_plane_floats(std::int64_t tiles,
                                                                    std::int64_t channels) {
  return tiles * channels + cache_line_floats;
}

}  // namespace samoyed::worker
