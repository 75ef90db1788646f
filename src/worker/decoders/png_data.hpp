#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/image/byte_order.hpp"

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

}  // namespace samoyed::worker
