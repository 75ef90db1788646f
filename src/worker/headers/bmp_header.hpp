#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// How a BMP stores its pixels.
enum class BmpLayout { rows, run_lengths };

/// What a BMP's headers say, of Windows (40 bytes and its later versions) or OS/2 (12, 16 or 64).
struct BmpHeader {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool top_down = false;
  /// 1, 4, 8, 16, 24 or 32.
  unsigned bits_per_pixel = 0;
  BmpLayout layout = BmpLayout::rows;
  /// Where red, green and blue are in a pixel of 16 or 32 bits.
  std::array<std::uint32_t, 3> masks{};
  /// The colors of the palette that the file contains: `palette_colors` of them, each
  /// `palette_color_bytes` long, blue first.
  std::size_t palette_offset = 0;
  std::size_t palette_colors = 0;
  std::size_t palette_color_bytes = 4;
  std::size_t pixels_offset = 0;

  std::size_t row_used_bytes() const {
    return (static_cast<std::size_t>(width) * bits_per_pixel + 7) / 8;
  }
  /// Rows begin at multiples of four bytes.
  std::size_t row_bytes() const { return (row_used_bytes() + 3) / 4 * 4; }
};

/// Reads the headers of a file that begins with `BM`. The result is a sentence that says what is
/// wrong if they are incomplete or of a kind that isn't supported. The size isn't checked, and the
/// pixels may lie beyond the file's end. Pure.
std::variant<BmpHeader, std::string_view> parse_bmp_header(Bytes file);

}  // namespace samoyed::worker
