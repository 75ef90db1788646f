#include "worker/winograd_kernels.hpp"

#include "worker/avx2.hpp"

namespace samoyed::worker {
namespace {

Float8 load(const float* from) { return *reinterpret_cast<const UnalignedFloat8*>(from); }

void store(float* to, Float8 values) { *reinterpret_cast<UnalignedFloat8*>(to) = values; }

/// B^T of F(4x4, 3x3) times six values `stride` apart, each eight channels.
void transform_input_line(const Float8* from, Float8* to, int stride) {
  const Float8 d0 = from[0], d1 = from[stride], d2 = from[2 * stride];
  const Float8 d3 = from[3 * stride], d4 = from[4 * stride], d5 = from[5 * stride];
  const Float8 even4 = d4 - 4.0F * d2;
  const Float8 odd4 = d3 - 4.0F * d1;
  const Float8 even1 = d4 - d2;
  const Float8 odd2 = 2.0F * (d3 - d1);
  to[0] = 4.0F * d0 - 5.0F * d2 + d4;
  to[stride] = even4 + odd4;
  to[2 * stride] = even4 - odd4;
  to[3 * stride] = even1 + odd2;
  to[4 * stride] = even1 - odd2;
  to[5 * stride] = 4.0F * d1 - 5.0F * d3 + d5;
}

/// A^T of F(4x4, 3x3) times six values `stride` apart: four values, as far apart.
void transform_output_line(const Float8* from, Float8* to, int stride) {
  const Float8 sum12 = from[stride] + from[2 * stride];
  const Float8 difference12 = from[stride] - from[2 * stride];
  const Float8 sum34 = from[3 * stride] + from[4 * stride];
  const Float8 difference34 = from[3 * stride] - from[4 * stride];
  to[0] = from[0] + sum12 + sum34;
  to[stride] = difference12 + 2.0F * difference34;
  to[2 * stride] = sum12 + 4.0F * sum34;
  to[3 * stride] = difference12 + 8.0F * difference34 + from[5 * stride];
}

/// The 6x6 pixels around a tile's 4x4, eight channels of each; zeros beyond the picture.
void load_tile(const WinogradShape& shape, const float* plane, std::int64_t top, std::int64_t left,
               Float8* tile) {
  for (std::int64_t y = 0; y < winograd_input_px; ++y) {
    const bool row_inside = top + y >= 0 && top + y < shape.rows;
    for (std::int64_t x = 0; x < winograd_input_px; ++x) {
      const bool inside = row_inside && left + x >= 0 && left + x < shape.columns;
      tile[y * winograd_input_px + x] =
          inside ? load(plane + ((top + y) * shape.columns + left + x) * 8) : Float8{};
    }
  }
}

/// `rows` tiles times 16 output channels: the sums stay in registers, two a tile.
template <int rows>
void multiply_rows(std::int64_t inputs, const float* transformed, const float* weights,
                   float* products) {
  Float8 sums[rows][2] = {};
  for (std::int64_t input = 0; input < inputs; ++input) {
    const Float8 low = load(weights + input * winograd_channels);
    const Float8 high = load(weights + input * winograd_channels + 8);
#pragma GCC unroll 6
    for (int row = 0; row < rows; ++row) {
      const float value = transformed[row * inputs + input];
      sums[row][0] += value * low;
      sums[row][1] += value * high;
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < rows; ++row) {
    store(products + row * winograd_channels, sums[row][0]);
    store(products + row * winograd_channels + 8, sums[row][1]);
  }
}

using MultiplyRows = void (*)(std::int64_t, const float*, const float*, float*);
/// By the number of tiles. Seven would need more than the 16 registers.
constexpr std::int64_t rows_max = 6;
constexpr MultiplyRows multiply_by_rows[rows_max + 1] = {
    nullptr,          multiply_rows<1>, multiply_rows<2>, multiply_rows<3>,
    multiply_rows<4>, multiply_rows<5>, multiply_rows<6>};

/// Writes what of a tile's 4x4 pixels is inside the picture.
void store_tile(const WinogradShape& shape, const Float8* tile, std::int64_t top, std::int64_t left,
                Float8 bias, float* plane) {
  for (std::int64_t y = 0; y < winograd_output_px && top + y < shape.rows; ++y) {
    for (std::int64_t x = 0; x < winograd_output_px && left + x < shape.columns; ++x) {
      const Float8 value = tile[y * winograd_input_px + x] + bias;
      store(plane + ((top + y) * shape.columns + left + x) * 8, value > 0.0F ? value : Float8{});
    }
  }
}

}  // namespace

void transform_input_tiles(const WinogradShape& shape, const float* input, std::int64_t first,
                           std::int64_t count, float* transformed) {
  const std::int64_t tiles_across = (shape.columns + winograd_output_px - 1) / winograd_output_px;
  const std::int64_t plane_floats = winograd_plane_floats(count, shape.inputs);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t top = (first + i) / tiles_across * winograd_output_px - 1;
    const std::int64_t left = (first + i) % tiles_across * winograd_output_px - 1;
    for (std::int64_t channel = 0; channel < shape.inputs; channel += 8) {
      Float8 tile[winograd_planes];
      load_tile(shape, input + channel * shape.rows * shape.columns, top, left, tile);
      Float8 columns_done[winograd_planes];
      for (int x = 0; x < winograd_input_px; ++x) {
        transform_input_line(tile + x, columns_done + x, winograd_input_px);
      }
      float* to = transformed + i * shape.inputs + channel;
      for (int y = 0; y < winograd_input_px; ++y) {
        Float8 line[winograd_input_px];
        transform_input_line(columns_done + y * winograd_input_px, line, 1);
        for (int x = 0; x < winograd_input_px; ++x, to += plane_floats) store(to, line[x]);
      }
    }
  }
}

void multiply_tiles(std::int64_t inputs, std::int64_t count, const float* transformed,
                    const float* weights, float* products) {
  // As many groups as there must be, of nearly the same size: a small rest would use few registers.
  const std::int64_t groups = (count + rows_max - 1) / rows_max;
  for (std::int64_t plane = 0; plane < winograd_planes; ++plane) {
    for (std::int64_t group = 0; group < groups; ++group) {
      const std::int64_t begin = count * group / groups;
      const std::int64_t rows = count * (group + 1) / groups - begin;
      multiply_by_rows[rows](inputs, transformed + begin * inputs, weights,
                             products + begin * winograd_channels);
    }
    transformed += winograd_plane_floats(count, inputs);
    weights += inputs * winograd_channels;
    products += winograd_plane_floats(count, winograd_channels);
  }
}

void transform_output_tiles(const WinogradShape& shape, const float* products, std::int64_t first,
                            std::int64_t count, const float* bias, float* output) {
  const std::int64_t tiles_across = (shape.columns + winograd_output_px - 1) / winograd_output_px;
  const std::int64_t plane_floats = winograd_plane_floats(count, winograd_channels);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t top = (first + i) / tiles_across * winograd_output_px;
    const std::int64_t left = (first + i) % tiles_across * winograd_output_px;
    for (std::int64_t half = 0; half < winograd_channels; half += 8) {
      const float* const from = products + i * winograd_channels + half;
      Float8 tile[winograd_planes];
      for (int x = 0; x < winograd_input_px; ++x) {
        Float8 column[winograd_input_px];
        for (int y = 0; y < winograd_input_px; ++y) {
          column[y] = load(from + (y * winograd_input_px + x) * plane_floats);
        }
        Float8 shorter[winograd_output_px];
        transform_output_line(column, shorter, 1);
        for (int y = 0; y < winograd_output_px; ++y) tile[y * winograd_input_px + x] = shorter[y];
      }
      for (int y = 0; y < winograd_output_px; ++y) {
        Float8 line[winograd_output_px];
        transform_output_line(tile + y * winograd_input_px, line, 1);
        for (int x = 0; x < winograd_output_px; ++x) tile[y * winograd_input_px + x] = line[x];
      }
      store_tile(shape, tile, top, left, load(bias + half),
                 output + half * shape.rows * shape.columns);
    }
  }
}

}  // namespace samoyed::worker
