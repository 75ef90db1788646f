#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "worker/image/byte_order.hpp"

/// Decodes the pixels of the usual kind of PNG photograph in one piece, which is faster than
/// libpng.
namespace samoyed::worker {

/// Inflates the pixel data of a PNG in one piece: that of the data chunks (IDAT) that begin at
/// `first_chunk`, which must give exactly `size` bytes. The result has `padding` bytes more. Their
/// checksums are not checked, but that of the data as a whole is. Returns std::nullopt if anything
/// is wrong, so that libpng can decide what it is, and if it would take more than
/// `memory_bytes_max`.
///
/// libdeflate takes half the time of zlib for it, which libpng uses piece by piece.
std::optional<std::vector<std::uint8_t>> inflate_png_data(Bytes file, std::size_t first_chunk,
                                                          std::size_t size, std::size_t padding,
                                                          std::size_t memory_bytes_max);

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
