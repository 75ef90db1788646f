#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// The boxes around a JPEG 2000 codestream (ISO/IEC 15444-1, annex I). A file that is a bare
/// codestream has none.
struct Jpeg2000File {
  /// From SOC on. A view into the file.
  Bytes codestream;
  /// EnumCS of the color specification box (table I.10): 16 sRGB, 17 gray, 18 sYCC, 12 CMYK, or 0
  /// if there is none, or only a profile.
  std::uint32_t color_space = 0;
  /// The colors (R, G, B) of a palette's indices; empty if the samples are no indices.
  std::vector<std::array<std::uint8_t, 3>> palette;
};

struct Jpeg2000Component {
  unsigned bits = 0;
  bool is_signed = false;
  /// Distances of samples, in pixels.
  std::int64_t step_x = 1;
  std::int64_t step_y = 1;
};

/// What a codestream says about its size (SIZ, annex A.5.1). All coordinates are on the reference
/// grid, whose units are the pixels of the image.
struct Jpeg2000Layout {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
  std::int64_t tile_left = 0, tile_top = 0, tile_width = 0, tile_height = 0;
  std::vector<Jpeg2000Component> components;

  std::int64_t width() const { return right - left; }
  std::int64_t height() const { return bottom - top; }
  std::int64_t tiles_across() const;
  std::int64_t tiles() const;
  /// The samples of one component in an area that begins at `left` and `top`.
  std::int64_t samples(const Jpeg2000Component& component) const;
};

/// Reads the boxes, or `std::nullopt` if they contain no codestream. Pure; any bytes are allowed.
std::optional<Jpeg2000File> read_jpeg2000_boxes(Bytes file);

/// Reads SIZ. `std::nullopt` if it is damaged, or has a number of components that isn't supported
/// (other than 1 to 4), or more than 65535 tiles. Pure; any bytes are allowed.
std::optional<Jpeg2000Layout> read_jpeg2000_layout(Bytes codestream);

/// Reads the headers of the codestream and of all its tile-parts. Returns the most bytes that
/// OpenJPEG 2.5 holds while it decodes the codestream with opj_decode, or `std::nullopt` if the
/// codestream is damaged, lacks a part of a tile, or uses the transformations between components of
/// ISO/IEC 15444-2, which could make OpenJPEG hold any amount. Pure; any bytes are allowed.
std::optional<std::int64_t> jpeg2000_memory_estimate(Bytes codestream,
                                                     const Jpeg2000Layout& layout);

}  // namespace samoyed::worker
