// The image decoders. Any bytes give an image or a refusal, within the limits, and a partly decoded
// JPEG has the same pixels as the whole one. Built once for each format (SAMOYED_FUZZ_FORMAT) and
// once for all formats.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "fuzz/check.hpp"
#include "fuzz/heap_meter.hpp"
#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/message.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/byte_order.hpp"
#include "worker/image/crop.hpp"
#include "worker/image/exif.hpp"
#include "worker/image/resize.hpp"
#include "worker/image/thumbnail.hpp"

namespace samoyed::fuzz {
namespace {

using namespace worker;

#ifndef SAMOYED_FUZZ_MEMORY_MIB
#define SAMOYED_FUZZ_MEMORY_MIB 1  // Formats whose codecs need more for any image define it.
#endif

/// Small, so that an input takes a millisecond and not a second.
constexpr DecodeLimits limits{.side_px_max = 1024,
                              .pixels_max = 1 << 14,
                              .memory_bytes_max = std::size_t{SAMOYED_FUZZ_MEMORY_MIB} << 20};
constexpr int thumbnail_side_px = 64;
/// What a decoder holds in addition to pixels: the tables of libjpeg and zlib, and the refusal's
/// text.
constexpr std::size_t tables_bytes_max = std::size_t{256} << 10;

/// Returns true if a partial image has the same pixels as the whole one in a region that it covers.
bool same_pixels(const DecodedImage& part, const DecodedImage& whole, const Region& region) {
  const auto row_of = [&](const DecodedImage& image, int y) {
    const auto pixel =
        static_cast<std::ptrdiff_t>(y - image.top) * image.pixels.width + region.left - image.left;
    return image.pixels.rgb.begin() + 3 * pixel;
  };
  for (int y = region.top; y < region.top + region.height; ++y) {
    const auto row = row_of(part, y);
    if (!std::equal(row, row + std::ptrdiff_t{3} * region.width, row_of(whole, y))) return false;
  }
  return true;
}

void check_image(const DecodedImage& image) {
  const Size size = image.full;
  check(size.width > 0 && size.height > 0, "an image has pixels");
  check(size.width <= limits.side_px_max && size.height <= limits.side_px_max,
        "a side is within its limit");
  check(std::int64_t{size.width} * size.height <= limits.pixels_max,
        "the pixels are within their limit");
  const Image& pixels = image.pixels;
  check(pixels.rgb.size() ==
            static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height) * 3,
        "an image has all of its pixels");
  const Region crop = crop_region(image.decoded, image.orientation);
  check(image.left >= 0 && image.left <= crop.left && image.top >= 0 && image.top <= crop.top &&
            image.left + pixels.width >= crop.left + crop.width &&
            image.top + pixels.height >= crop.top + crop.height,
        "an image covers the crop");
}

void check_refusal(const protocol::Refusal& refusal) {
  check(refusal.reason == protocol::RefusalReason::unreadable ||
            refusal.reason == protocol::RefusalReason::too_many_pixels ||
            refusal.reason == protocol::RefusalReason::too_slow,
        "a refusal is about the image");
  check(refusal.detail.ends_with('.') && !protocol::contains_message_end(refusal.detail),
        "a refusal gives the reason in a sentence that can be sent");
}

/// Makes a thumbnail as the worker does, but also of a partial image, which has none.
void check_thumbnail(const DecodedImage& image) {
  const std::string thumbnail = make_thumbnail(image, thumbnail_side_px);
  const Size whole{image.pixels.width, image.pixels.height};
  check(thumbnail.empty() == (whole != image.decoded), "exactly a whole image has a thumbnail");
  if (thumbnail.empty()) return;
  const auto read = decode_image(std::as_bytes(std::span(thumbnail)), limits, {});
  const auto* const shown = std::get_if<DecodedImage>(&read);
  check(shown != nullptr, "a thumbnail can be read");
  check(shown->full ==
            thumbnail_size(apply_orientation(image.decoded, image.orientation), thumbnail_side_px),
        "a thumbnail has the size that thumbnail_size returns");
}

/// Whether the decoder itself keeps to its memory budget. An isolated format's library can't be
/// held to it (an AV1 stream may hide frames, for example): the limit of its process does that.
bool keeps_to_budget(Bytes file) {
  const auto* const format =
      protocol::find_image_format({reinterpret_cast<const char*>(file.data()), file.size()});
  return format == nullptr || !is_isolated(*format);
}

/// Decodes a file, and checks the result and the memory used.
DecodeResult decode_within_budget(Bytes file, const DecodeOptions& options) {
  const HeapMeter meter;
  DecodeResult result = decode_image(file, limits, options);
  if (const auto peak = meter.peak_bytes(); peak && keeps_to_budget(file)) {
    check(*peak <= limits.memory_bytes_max + tables_bytes_max,
          "decoding stays within its memory budget");
  }
  if (const auto* refusal = std::get_if<protocol::Refusal>(&result)) {
    check_refusal(*refusal);
  } else {
    check_image(std::get<DecodedImage>(result));
  }
  return result;
}

void check_same(const DecodeResult& some, const DecodeResult& all) {
  check(some.index() == all.index(), "a partial decode succeeds exactly if the whole one does");
  if (const auto* refusal = std::get_if<protocol::Refusal>(&all)) {
    check(*refusal == std::get<protocol::Refusal>(some),
          "a partial decode is refused with the same reason as the whole one");
    return;
  }
  const auto& part = std::get<DecodedImage>(some);
  const auto& whole = std::get<DecodedImage>(all);
  check(part.decoded == whole.decoded && part.orientation == whole.orientation,
        "a partial image reports the size and orientation of the whole one");
  check(same_pixels(part, whole, crop_region(whole.decoded, whole.orientation)),
        "a partial image has the same pixels as the whole one");
}

}  // namespace
}  // namespace samoyed::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  const auto file = as_bytes(data, size);
  const auto* const format =
      samoyed::protocol::find_image_format({reinterpret_cast<const char*>(data), size});
#ifdef SAMOYED_FUZZ_FORMAT
  // One format only; -1 keeps other inputs out of the corpus.
  if (format == nullptr || format->name != SAMOYED_FUZZ_FORMAT) return -1;
#endif
  const DecodeResult some = decode_within_budget(file, {.only_crop = true});
  // The other decoders always decode the whole image.
  if (format != nullptr && format->name == "JPEG") check_same(some, decode_within_budget(file, {}));
  if (const auto* image = std::get_if<DecodedImage>(&some)) {
    const DecodeResult lenient = decode_within_budget(file, {.accept_truncated = true});
    const auto* const accepted = std::get_if<DecodedImage>(&lenient);
    check(!image->truncated && accepted != nullptr && !accepted->truncated,
          "only a file that is refused otherwise is truncated");
  } else {
    decode_within_budget(file, {.accept_truncated = true});
  }
  if (const auto* image = std::get_if<DecodedImage>(&some)) {
    Resizer resizer;
    const Image& input = resizer.resize_and_crop(*image);
    check(input.width == input_side_px && input.height == input_side_px,
          "the network's input has its size");
    check_thumbnail(*image);
  }
  return 0;
}
