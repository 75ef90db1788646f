#include "worker/decoders/image_decoder.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "samoyed/protocol/empty_file.hpp"
#include "samoyed/protocol/file_kind.hpp"
#include "samoyed/protocol/image_formats.hpp"
#include "worker/decoders/decoders.hpp"
#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

std::string size_text(std::int64_t width, std::int64_t height) {
  return "The image has " + std::to_string(width) + "x" + std::to_string(height) + " pixels.";
}

/// Returns a text such as `67 megapixels`, rounded down, or the exact number if it is below 10
/// million.
std::string pixels_text(std::int64_t pixels) {
  constexpr std::int64_t megapixel = 1'000'000;
  if (pixels < 10 * megapixel) return std::to_string(pixels) + " pixels";
  return std::to_string(pixels / megapixel) + " megapixels";
}

/// Decodes a file of one format. `memory` is the buffer of an earlier image, to be reused or freed.
using Decoder = DecodeResult (*)(Bytes file, const DecodeLimits& limits,
                                 const DecodeOptions& options, std::vector<std::uint8_t> memory);

/// Adapts a decoder that always decodes the whole image, into buffers of its own.
template <RawResult (*decode)(Bytes file, const DecodeLimits& limits, const DecodeOptions& options)>
DecodeResult decode_whole(Bytes file, const DecodeLimits& limits, const DecodeOptions& options,
                          std::vector<std::uint8_t> memory) {
  memory = {};  // Free it now, so that it isn't held together with the decoder's buffers.
  RawResult result = decode(file, limits, options);
  if (auto* const refusal = std::get_if<protocol::Refusal>(&result)) return std::move(*refusal);
  auto& stored = std::get<RawImage>(result);
  const Size size{stored.image.width, stored.image.height};
  const auto orientation = [&] {
    if (!options.apply_exif_orientation) return 1;
    return stored.orientation ? *stored.orientation : exif_orientation(stored.exif);
  };
  return DecodedImage{.full = size,
                      .decoded = size,
                      .orientation = orientation(),
                      .pixels = std::move(stored.image),
                      .truncated = stored.truncated};
}

/// Adapts a decoder that has no options.
template <RawResult (*decode)(Bytes file, const DecodeLimits& limits)>
RawResult without_options(Bytes file, const DecodeLimits& limits, const DecodeOptions&) {
  return decode(file, limits);
}

/// The decoder of a format that can be left out of the build: null if it is.
template <bool built,
          RawResult (*decode)(Bytes file, const DecodeLimits& limits, const DecodeOptions& options)>
constexpr Decoder decode_if_built() {
  if constexpr (built) return decode_whole<decode>;
  return nullptr;
}

/// The same for a decoder that has no options.
template <bool built, RawResult (*decode)(Bytes file, const DecodeLimits& limits)>
constexpr Decoder decode_if_built() {
  if constexpr (built) return decode_whole<without_options<decode>>;
  return nullptr;
}

struct FormatDecoder {
  std::string_view format;  ///< Its name in protocol::image_formats.
  Decoder decode;           ///< Null if this build leaves it out.
  /// Whether its library's record calls for a process of its own.
  bool isolated = false;
};

/// One row per format, in the order of protocol::image_formats.
constexpr std::array decoders{
    FormatDecoder{"JPEG", decode_jpeg},
    FormatDecoder{"PNG", decode_whole<decode_png>},
    FormatDecoder{"BMP", decode_whole<decode_bmp>},
    FormatDecoder{"WebP", decode_whole<decode_webp>},
    FormatDecoder{"GIF", decode_if_built<SAMOYED_READS_GIF, decode_gif>()},
    FormatDecoder{"TIFF", decode_if_built<SAMOYED_READS_TIFF, decode_tiff>(), true},
    FormatDecoder{"AVIF", decode_if_built<SAMOYED_READS_AVIF, decode_avif>(), true},
    FormatDecoder{"HEIC", decode_if_built<SAMOYED_READS_HEIC, decode_heic>(), true},
    FormatDecoder{"JPEG 2000", decode_if_built<SAMOYED_READS_JPEG2000, decode_jpeg2000>(), true},
    FormatDecoder{"PNM", decode_if_built<SAMOYED_READS_PNM, decode_pnm>()},
    FormatDecoder{"PSD", decode_if_built<SAMOYED_READS_PSD, decode_psd>(), true},
    FormatDecoder{"ICO", decode_if_built<SAMOYED_READS_ICO, decode_ico>()},
    FormatDecoder{"DIB", decode_if_built<SAMOYED_READS_DIB, decode_dib>()},
    FormatDecoder{"TGA", decode_if_built<SAMOYED_READS_TGA, decode_tga>()},
};
static_assert(std::ranges::equal(decoders, protocol::image_formats, {}, &FormatDecoder::format,
                                 &protocol::ImageFormat::name),
              "each format of protocol::image_formats needs its decoder in the same row");

}  // namespace

protocol::Refusal unreadable(std::string detail) {
  return {protocol::RefusalReason::unreadable, std::move(detail)};
}

protocol::Refusal too_much_memory(std::int64_t width, std::int64_t height) {
  return {protocol::RefusalReason::too_many_pixels,
          size_text(width, height) + " Decoding it takes more memory than is allowed."};
}

protocol::Refusal too_slow(const DecodeLimits& limits) {
  return {protocol::RefusalReason::too_slow, "Decoding the image takes more than " +
                                                 std::to_string(limits.cpu_max.count()) +
                                                 " ms of processor time. Send a smaller image."};
}

std::optional<protocol::Refusal> check_size(std::int64_t width, std::int64_t height,
                                            const DecodeLimits& limits) {
  if (width <= 0 || height <= 0) return unreadable("The image has no pixels.");
  if (width > limits.side_px_max || height > limits.side_px_max ||
      width * height > limits.pixels_max) {
    return protocol::Refusal{protocol::RefusalReason::too_many_pixels,
                             size_text(width, height) + " The limit is " +
                                 pixels_text(limits.pixels_max) + ", and " +
                                 std::to_string(limits.side_px_max) + " pixels on a side."};
  }
  const std::int64_t rgb_bytes = width * height * 3;
  if (std::cmp_greater(2 * rgb_bytes, limits.memory_bytes_max)) {
    return too_much_memory(width, height);
  }
  return std::nullopt;
}

Image make_image(int width, int height, std::vector<std::uint8_t> memory) {
  const std::size_t bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
  if (memory.capacity() < bytes) memory = {};  // resize() would hold both while it copies.
  memory.resize(bytes);
  return {width, height, std::move(memory)};
}

bool is_isolated(const protocol::ImageFormat& format) {
  return decoders[static_cast<std::size_t>(&format - protocol::image_formats.data())].isolated;
}

protocol::ImageFormatSet built_formats() {
  protocol::ImageFormatSet formats;
  for (std::size_t i = 0; i < decoders.size(); ++i) formats.set(i, decoders[i].decode != nullptr);
  return formats;
}

DecodeResult decode_image(std::span<const std::byte> file, const DecodeLimits& limits,
                          const DecodeOptions& options, std::vector<std::uint8_t> memory) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const protocol::ImageFormat* const format = protocol::find_image_format(text);
  if (text.empty()) return unreadable(std::string(protocol::empty_file_text));
  if (format == nullptr) {
    const std::string accepted(protocol::accepted_formats);
    const std::string_view kind = protocol::find_file_kind(text);
    if (kind.empty()) return unreadable("This isn't a " + accepted + " image.");
    return unreadable("This is " + std::string(kind) + ", not a " + accepted + " image.");
  }
  const auto row = static_cast<std::size_t>(format - protocol::image_formats.data());
  const Decoder decode = decoders[row].decode;
  if (decode == nullptr || !protocol::contains(limits.formats, *format)) {
    return unreadable("This worker doesn't read " + std::string(format->name) + " images.");
  }
  return decode(file, limits, options, std::move(memory));
}

}  // namespace samoyed::worker
