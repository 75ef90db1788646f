#pragma once

#include <cstdint>

#include "worker/kernels/winograd_kernels.hpp"

/// Implements the functions of WinogradKernels. Each file that includes this header compiles them
/// for one register width.
///
/// Everything here is local to the file that includes it: a function shared by two such files would
/// be compiled for only one of their processors.
namespace samoyed::worker {
namespace {

/// `Registers` has the type `Floats`, which is a register, the type `UnalignedFloats`, which is the
/// same for unaligned memory, and `tiles_max`, the number of tiles whose sums, two registers each,
/// are kept in registers.
template <typename Registers>
struct WinogradSteps {
  using Floats = typename Registers::Floats;
  using UnalignedFloats = typename Registers::UnalignedFloats;
  static constexpr std::int64_t tiles_max = Registers::tiles_max;
  /// Channels in a block. A register holds one block.
  static constexpr std::int64_t block = sizeof(Floats) / sizeof(float);
  static constexpr std::int64_t channels = winograd_channels(block);

  static Floats load(const float* from) { return *reinterpret_cast<const UnalignedFloats*>(from); }

  static void store(float* to, Floats values) { *reinterpret_cast<UnalignedFloats*>(to) = values; }

  /// Multiplies B^T of F(4x4, 3x3) by six values that are `stride` apart. Each value is one block
  /// of channels.
  static void transform_input_line(const Floats* from, Floats* to, int stride) {
    const Floats d0 = from[0], d1 = from[stride], d2 = from[2 * stride];
    const Floats d3 = from[3 * stride], d4 = from[4 * stride], d5 = from[5 * stride];
    const Floats even4 = d4 - 4.0F * d2;
    const Floats odd4 = d3 - 4.0F * d1;
    const Floats even1 = d4 - d2;
    const Floats odd2 = 2.0F * (d3 - d1);
    to[0] = 4.0F * d0 - 5.0F * d2 + d4;
    to[stride] = even4 + odd4;
    to[2 * stride] = even4 - odd4;
    to[3 * stride] = even1 + odd2;
    to[4 * stride] = even1 - odd2;
    to[5 * stride] = 4.0F * d1 - 5.0F * d3 + d5;
  }

  /// Multiplies A^T of F(4x4, 3x3) by six values that are `stride` apart. The four results are
  /// equally far apart.
  static void transform_output_line(const Floats* from, Floats* to, int stride) {
    const Floats sum12 = from[stride] + from[2 * stride];
    const Floats difference12 = from[stride] - from[2 * stride];
    const Floats sum34 = from[3 * stride] + from[4 * stride];
    const Floats difference34 = from[3 * stride] - from[4 * stride];
    to[0] = from[0] + sum12 + sum34;
    to[stride] = difference12 + 2.0F * difference34;
    to[2 * stride] = sum12 + 4.0F * sum34;
    to[3 * stride] = difference12 + 8.0F * difference34 + from[5 * stride];
  }

  /// Loads the 6x6 pixels around a tile's 4x4, one block of channels each. Pixels outside the image
  /// are zero.
  static void load_tile(const WinogradShape& shape, const float* plane, std::int64_t top,
                        std::int64_t left, Floats* tile) {
    for (std::int64_t y = 0; y < winograd_input_px; ++y) {
      const bool row_inside = top + y >= 0 && top + y < shape.rows;
      for (std::int64_t x = 0; x < winograd_input_px; ++x) {
        const bool inside = row_inside && left + x >= 0 && left + x < shape.columns;
        tile[y * winograd_input_px + x] =
            inside ? load(plane + ((top + y) * shape.columns + left + x) * block) : Floats{};
      }
    }
  }

  /// Multiplies `tiles` tiles by two registers of output channels. The sums stay in registers.
  template <int tiles>
  static void multiply_in_registers(std::int64_t inputs, const float* transformed,
                                    const float* weights, float* products) {
    Floats sums[tiles][2] = {};
    for (std::int64_t input = 0; input < inputs; ++input) {
      // Prefetch the next plane's weights, which are a kilobyte or more away: the processor's own
      // prefetching stops at the end of a page.
      for (std::int64_t ahead = 0; ahead < channels; ahead += cache_line_floats) {
        __builtin_prefetch(weights + (inputs + input) * channels + ahead);
      }
      const Floats low = load(weights + input * channels);
      const Floats high = load(weights + input * channels + block);
#pragma GCC unroll 16
      for (int tile = 0; tile < tiles; ++tile) {
        const float value = transformed[tile * inputs + input];
        sums[tile][0] += value * low;
        sums[tile][1] += value * high;
      }
    }
#pragma GCC unroll 16
    for (int tile = 0; tile < tiles; ++tile) {
      store(products + tile * channels, sums[tile][0]);
      store(products + tile * channels + block, sums[tile][1]);
    }
  }

  /// Does the same for a number of tiles that is known at run time.
  template <std::int64_t at_most = tiles_max>
  static void multiply_group(std::int64_t tiles, std::int64_t inputs, const float* transformed,
                             const float* weights, float* products) {
    if constexpr (at_most > 1) {
      if (tiles < at_most) {
        return multiply_group<at_most - 1>(tiles, inputs, transformed, weights, products);
      }
    }
    multiply_in_registers<at_most>(inputs, transformed, weights, products);
  }

  /// Adds the bias to a tile's 4x4 pixels, applies the ReLU, and writes the pixels that are inside
  /// the image.
  static void store_tile(const WinogradShape& shape, const Floats* tile, std::int64_t top,
                         std::int64_t left, Floats bias, float* plane) {
    for (std::int64_t y = 0; y < winograd_output_px && top + y < shape.rows; ++y) {
      for (std::int64_t x = 0; x < winograd_output_px && left + x < shape.columns; ++x) {
        const Floats value = tile[y * winograd_input_px + x] + bias;
        store(plane + ((top + y) * shape.columns + left + x) * block,
              value > 0.0F ? value : Floats{});
      }
    }
  }

  static void transform_input_tiles(const WinogradShape& shape, const float* input,
                                    std::int64_t first, std::int64_t count, float* transformed) {
    const std::int64_t tiles_across = (shape.columns + winograd_output_px - 1) / winograd_output_px;
    const std::int64_t plane_floats = winograd_plane_floats(count, shape.inputs);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t top = (first + i) / tiles_across * winograd_output_px - 1;
      const std::int64_t left = (first + i) % tiles_across * winograd_output_px - 1;
      for (std::int64_t channel = 0; channel < shape.inputs; channel += block) {
        Floats tile[winograd_planes];
        load_tile(shape, input + channel * shape.rows * shape.columns, top, left, tile);
        Floats columns_done[winograd_planes];
        for (int x = 0; x < winograd_input_px; ++x) {
          transform_input_line(tile + x, columns_done + x, winograd_input_px);
        }
        float* to = transformed + i * shape.inputs + channel;
        for (int y = 0; y < winograd_input_px; ++y) {
          Floats line[winograd_input_px];
          transform_input_line(columns_done + y * winograd_input_px, line, 1);
          for (int x = 0; x < winograd_input_px; ++x, to += plane_floats) store(to, line[x]);
        }
      }
    }
  }

  static void multiply_tiles(std::int64_t inputs, std::int64_t count, const float* transformed,
                             const float* weights, float* products) {
    // Use as few groups as possible, of nearly the same size: a small last group would use few
    // registers.
    const std::int64_t groups = (count + tiles_max - 1) / tiles_max;
    for (std::int64_t plane = 0; plane < winograd_planes; ++plane) {
      for (std::int64_t group = 0; group < groups; ++group) {
        const std::int64_t begin = count * group / groups;
        const std::int64_t tiles = count * (group + 1) / groups - begin;
        multiply_group(tiles, inputs, transformed + begin * inputs, weights,
                       products + begin * channels);
      }
      transformed += winograd_plane_floats(count, inputs);
      weights += inputs * channels;
      products += winograd_plane_floats(count, channels);
    }
  }

  static void transform_output_tiles(const WinogradShape& shape, const float* products,
                                     std::int64_t first, std::int64_t count, const float* bias,
                                     float* output) {
    const std::int64_t tiles_across = (shape.columns + winograd_output_px - 1) / winograd_output_px;
    const std::int64_t plane_floats = winograd_plane_floats(count, channels);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t top = (first + i) / tiles_across * winograd_output_px;
      const std::int64_t left = (first + i) % tiles_across * winograd_output_px;
      for (std::int64_t half = 0; half < channels; half += block) {
        const float* const from = products + i * channels + half;
        Floats tile[winograd_planes];
        for (int x = 0; x < winograd_input_px; ++x) {
          Floats column[winograd_input_px];
          for (int y = 0; y < winograd_input_px; ++y) {
            column[y] = load(from + (y * winograd_input_px + x) * plane_floats);
          }
          Floats shorter[winograd_output_px];
          transform_output_line(column, shorter, 1);
          for (int y = 0; y < winograd_output_px; ++y) tile[y * winograd_input_px + x] = shorter[y];
        }
        for (int y = 0; y < winograd_output_px; ++y) {
          Floats line[winograd_output_px];
          transform_output_line(tile + y * winograd_input_px, line, 1);
          for (int x = 0; x < winograd_output_px; ++x) tile[y * winograd_input_px + x] = line[x];
        }
        store_tile(shape, tile, top, left, load(bias + half),
                   output + half * shape.rows * shape.columns);
      }
    }
  }

  static constexpr WinogradKernels kernels() {
    return {transform_input_tiles, multiply_tiles, transform_output_tiles};
  }
};

}  // namespace
}  // namespace samoyed::worker
