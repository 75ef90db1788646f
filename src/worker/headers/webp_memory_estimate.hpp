#pragma once

#include <cstdint>
#include <optional>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// Returns how many groups of Huffman tables the decoder of a lossless WebP stream (VP8L) holds.
///
/// A group takes about 20 kB. The stream sets their number, up to 65536 whatever the image's size,
/// and libwebp allocates all of them at once. This function reads the stream up to that number (RFC
/// 9649, section 3: transforms, color cache, entropy image) and keeps no pixels.
///
/// A valid `stream` begins with the signature 0x2F. Returns `std::nullopt` if it ends early or is
/// damaged.
std::optional<std::int64_t> count_huffman_groups(Bytes stream);

}  // namespace samoyed::worker
