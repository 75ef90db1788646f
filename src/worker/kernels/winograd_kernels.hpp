#pragma once

#include <cstdint>

namespace samoyed::worker {

/// A convolution of 3x3 pixels with stride 1 and one pixel of padding, and the ReLU after it, of
/// one image whose channels are kept in blocks (oneDNN's nChw8c or nChw16c).
struct WinogradShape {
  std::int64_t block;    ///< Channels in a block: 8, or 16 for AVX-512.
  std::int64_t inputs;   ///< Channels, a multiple of the block.
  std::int64_t outputs;  ///< Channels, a multiple of two blocks.
  std::int64_t rows;     ///< Of the input and of the output.
  std::int64_t columns;
};

/// Pixels on a side: of the outputs of a tile, and of its inputs.
inline constexpr std::int64_t winograd_output_px = 4;
inline constexpr std::int64_t winograd_input_px = 6;
inline constexpr std::int64_t winograd_planes = winograd_input_px * winograd_input_px;

/// Output channels that are computed together: two registers, of which each holds a block.
constexpr std::int64_t winograd_channels(std::int64_t block) { return 2 * block; }

/// A line of a processor's cache.
inline constexpr std::int64_t cache_line_floats = 16;

/// A line of weights, so that no load of a register takes from two.
struct alignas(64) WinogradWeights {
  float values[cache_line_floats];
};

/// The three steps of WinogradConvolution on some of its tiles, for one width of registers.
///
/// Tiles are counted row by row. Transformed planes are kept as [36][tile][channel], each of the 36
/// `winograd_plane_floats` behind the one before it.
struct WinogradKernels {
  /// Transforms all input channels of the tiles from `first` on.
  void (*transform_input_tiles)(const WinogradShape& shape, const float* input, std::int64_t first,
                                std::int64_t count, float* transformed);

  /// The products with the weights of `winograd_channels` output channels, kept as
  /// [36][input channel][output channel]. Asks the caches for those of a 37th plane as well.
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

/// From one transformed plane to the next. The line of a cache to spare keeps the 36 from falling
/// into the same set of it.
[[gnu::always_inline]] constexpr std::int64_t winograd_plane_floats(std::int64_t tiles,
                                                                    std::int64_t channels) {
  return tiles * channels + cache_line_floats;
}

}  // namespace samoyed::worker
