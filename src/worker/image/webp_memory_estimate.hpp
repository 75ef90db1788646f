#pragma once

#include <cstdint>
#include <optional>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// How many groups of Huffman tables a lossless WebP stream (VP8L) makes its decoder hold.
///
/// They cost about 20 kB each and are named by the stream, up to 65536 of them whatever the image's
/// size: libwebp makes room for all of them at once. This reads the stream as far as their number
/// (RFC 9649, section 3: transforms, color cache, entropy image), keeping no pixels.
///
/// `stream` begins with the signature 0x2F. `std::nullopt` if it ends early or is damaged.
std::optional<std::int64_t> count_huffman_groups(Bytes stream);

}  // namespace samoyed::worker
