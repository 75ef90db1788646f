#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "samoyed/protocol/result.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/byte_order.hpp"
#include "worker/image/image.hpp"

/// The decoders that decode_image calls, one per format. Only files in src/worker/decoders include
/// this header.
namespace samoyed::worker {

/// What a decoder of whole images returns: the image as it is stored, and the EXIF block of the
/// file (a view into the file, empty if there is none).
struct RawImage {
  Image image;
  Bytes exif = {};
  /// EXIF's 1..8, if the decoder has found it elsewhere or has read the EXIF block itself.
  std::optional<int> orientation = {};
  /// Whether pixels are missing at the end of the file.
  bool truncated = false;
};

using RawResult = std::variant<RawImage, protocol::Refusal>;

/// Each decoder takes a whole file that begins with its format's signature. Whatever the bytes are,
/// it doesn't crash, throws nothing but std::bad_alloc, holds no more than
/// `limits.memory_bytes_max`, and takes little more than `limits.cpu_max`. The libraries of
/// isolated formats can exceed both for damaged files: the limits of their process end them then.
RawResult decode_png(Bytes file, const DecodeLimits& limits, const DecodeOptions& options);
RawResult decode_bmp(Bytes file, const DecodeLimits& limits, const DecodeOptions& options);
RawResult decode_webp(Bytes file, const DecodeLimits& limits, const DecodeOptions& options);
RawResult decode_gif(Bytes file, const DecodeLimits& limits, const DecodeOptions& options);
RawResult decode_tiff(Bytes file, const DecodeLimits& limits);
RawResult decode_avif(Bytes file, const DecodeLimits& limits);
RawResult decode_heic(Bytes file, const DecodeLimits& limits);
RawResult decode_jpeg2000(Bytes file, const DecodeLimits& limits);
RawResult decode_pnm(Bytes file, const DecodeLimits& limits);
RawResult decode_psd(Bytes file, const DecodeLimits& limits);
RawResult decode_ico(Bytes file, const DecodeLimits& limits, const DecodeOptions& options);
RawResult decode_dib(Bytes file, const DecodeLimits& limits, const DecodeOptions& options);
RawResult decode_tga(Bytes file, const DecodeLimits& limits);
DecodeResult decode_jpeg(Bytes file, const DecodeLimits& limits, const DecodeOptions& options,
                         std::vector<std::uint8_t> memory);

/// Returns a refusal for bytes that are not an image, or that are a damaged one. `detail` tells a
/// person why, in complete sentences.
protocol::Refusal unreadable(std::string detail);

/// Returns the refusal for an image that is within the size limits, but whose decoding needs more
/// memory than is allowed.
protocol::Refusal too_much_memory(std::int64_t width, std::int64_t height);

/// Returns the refusal for an image whose decoding has used up its CPU time.
protocol::Refusal too_slow(const DecodeLimits& limits);

/// Returns a refusal if an image of `width` x `height` pixels is empty, has too long a side, has
/// too many pixels, or would take too much memory to hold twice (which turning it upright does).
/// Returns `std::nullopt` if the size is acceptable.
std::optional<protocol::Refusal> check_size(std::int64_t width, std::int64_t height,
                                            const DecodeLimits& limits);

/// Returns an image of that size. It uses `memory` if that is large enough, and then keeps what was
/// there; otherwise it is all black.
Image make_image(int width, int height, std::vector<std::uint8_t> memory = {});

}  // namespace samoyed::worker
