#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace samoyed::worker {

/// Undoes the filters of a PNG of 8-bit RGB (`channels` 3) or RGBA (4) that isn't interlaced (PNG
/// specification, third edition, section 9). `filtered` holds its rows as they were compressed: the
/// filter's number, then width * channels bytes. It ends with `png_filter_padding` bytes of any
/// value. Writes the rows into `rgb`, without alpha. Returns false at a filter that doesn't exist.
///
/// libpng 1.6 as Debian builds it undoes filters byte by byte, which takes 40 % of the time for a
/// photograph. This takes one pixel at a time in the lanes of a vector.
bool undo_png_filters(std::span<const std::uint8_t> filtered, std::size_t channels,
                      std::size_t width, std::span<std::uint8_t> rgb);

/// Pixels are read as four bytes, even if they have three.
inline constexpr std::size_t png_filter_padding = 1;

}  // namespace samoyed::worker
