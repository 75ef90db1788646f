#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "worker/decoders/image_decoder.hpp"
#include "worker/image/image.hpp"

/// What a worker and a decoder process say to each other, over a socket and a shared memory
/// segment. Both programs come from the same build, so these are plain structures.
///
///     worker                              decoder
///       |   writes the file to the segment  |
///       | DecodeRequest ->                  |
///       |                                   |   writes the pixels to the segment, after the file
///       |      <- DecodeReply, the detail   |
///       |   copies the pixels               |
///       | one byte ->                       |   may now release the segment's memory
namespace samoyed::worker {

struct DecodeRequest {
  std::uint64_t magic = 0;
  DecodeLimits limits = {};
  DecodeOptions options = {};
  std::uint64_t cpu_ms_max = 0;
  std::uint64_t file_bytes = 0;
};

struct DecodeReply {
  std::uint64_t magic = 0;
  std::uint8_t refused = 0;  ///< 1 for a refusal. A decoder may send any byte here.
  // Of a refusal; `detail_bytes` of text follow.
  protocol::RefusalReason reason = protocol::RefusalReason::unreadable;
  std::uint32_t detail_bytes = 0;
  // Of an image: DecodedImage without its pixels, which are in the segment. If only the crop is
  // wanted, they are the network's input, so that there is less to copy; otherwise the whole image.
  Size full = {};
  Size decoded = {};
  int orientation = 1;
  std::uint8_t truncated = 0;
  Size pixels = {};
};

static_assert(std::is_trivially_copyable_v<DecodeRequest>);
static_assert(std::is_trivially_copyable_v<DecodeReply>);

/// Differs between most builds in which the structures differ.
inline constexpr std::uint64_t exchange_magic =
    0x53616d6f79656400 + 64 * sizeof(DecodeRequest) + sizeof(DecodeReply);

/// The longest text of a refusal.
inline constexpr std::size_t detail_bytes_max = 512;

/// Size of the segment: room for the largest file, and for the pixels of the largest image.
std::size_t segment_bytes(const DecodeLimits& limits, std::uint64_t image_bytes_max);

/// Where the pixels begin in the segment.
std::size_t pixels_offset(std::uint64_t file_bytes);

/// Returns true if the reply to `request` is one that an intact decoder gives. A reply from a
/// process that an image has taken over may say anything: what passes can't make the worker read or
/// write beyond the segment or the image, now or when the image is resized. Pure.
bool is_sound(const DecodeReply& reply, const DecodeRequest& request);

}  // namespace samoyed::worker
