#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "samoyed/protocol/result.hpp"
#include "worker/image/byte_order.hpp"
#include "worker/image/image.hpp"
#include "worker/image/image_decoder.hpp"

/// The decoders behind decode_image, one a format. Only the worker's image room includes this.
namespace samoyed::worker {

/// What a decoder of whole images found: the image as it is stored, and where the file keeps
/// its EXIF block (a view into the file, empty when there is none).
struct RawImage {
  Image image;
  Bytes exif;
};

using RawResult = std::variant<RawImage, protocol::Refusal>;

/// Each takes a whole file that begins as its format does. No bytes make them crash, throw anything
/// but std::bad_alloc, or hold more than `limits.memory_bytes_max`.
RawResult decode_png(Bytes file, const DecodeLimits& limits);
RawResult decode_bmp(Bytes file, const DecodeLimits& limits);
RawResult decode_webp(Bytes file, const DecodeLimits& limits);
DecodeResult decode_jpeg(Bytes file, const DecodeLimits& limits, const DecodeOptions& options,
                         std::vector<std::uint8_t> memory);

/// A refusal for bytes that are no image, or a damaged one. `detail` is one sentence.
protocol::Refusal unreadable(std::string detail);

/// The refusal for an image within the limits of size whose decoding needs more memory than is
/// allowed.
protocol::Refusal too_much_memory(std::int64_t width, std::int64_t height);

/// The refusal for an image of `width` x `height` pixels: empty, too long a side, or too many
/// pixels to hold twice (which turning it upright does). `std::nullopt` if it is acceptable.
std::optional<protocol::Refusal> check_size(std::int64_t width, std::int64_t height,
                                            const DecodeLimits& limits);

/// An image of that size, all black; in `memory`, if that is large enough, and then with what was
/// there.
Image make_image(int width, int height, std::vector<std::uint8_t> memory = {});

}  // namespace samoyed::worker
