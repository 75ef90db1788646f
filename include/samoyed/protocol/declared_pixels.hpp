#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace samoyed::protocol {

/// Returns the number of pixels that the header of an image file declares. Returns std::nullopt if
/// the file is not JPEG, PNG, WebP, GIF or BMP, or if its header is damaged. Only the header is
/// read. Any bytes are allowed; the number can be wrong, and as large as 2^64 - 1.
std::optional<std::uint64_t> declared_pixels(std::span<const std::byte> image_file);

}  // namespace samoyed::protocol
