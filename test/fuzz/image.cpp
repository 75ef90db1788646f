// The image decoders: for any bytes a whole picture or a refusal, within the limits. Built once for
// each decoder alone (SAMOYED_FUZZ_DECODER), and for all of them behind the sniffing.

#include <cstdint>
#include <variant>

#include "fuzz/check.hpp"
#include "fuzz/heap_meter.hpp"
#include "samoyed/protocol/message.hpp"
#include "worker/decoders.hpp"
#include "worker/image_decoder.hpp"
#include "worker/normalise.hpp"
#include "worker/resize.hpp"

namespace samoyed::fuzz {
namespace {

using namespace worker;

/// Small, so that an input costs a millisecond and not a second.
constexpr DecodeLimits limits{.side_px_max = 1024,
                              .pixels_max = 1 << 14,
                              .memory_bytes_max = std::size_t{1} << 20,
                              .jpeg_scans_max = 5};
/// What a decoder holds beside pixels: libjpeg's and zlib's tables, and the refusal's text.
constexpr std::size_t tables_bytes_max = std::size_t{256} << 10;

void check_image(const Image& image) {
  check(image.width > 0 && image.height > 0, "a picture has pixels");
  check(image.width <= limits.side_px_max && image.height <= limits.side_px_max,
        "a side is within its limit");
  const auto pixels = std::int64_t{image.width} * image.height;
  check(pixels <= limits.pixels_max, "the pixels are within their limit");
  check(image.rgb.size() == static_cast<std::size_t>(pixels) * 3, "a picture is whole");
}

void check_refusal(const protocol::Refusal& refusal) {
  check(refusal.reason == protocol::RefusalReason::unreadable ||
            refusal.reason == protocol::RefusalReason::too_many_pixels,
        "a refusal is about the picture");
  check(refusal.detail.ends_with('.') && !protocol::contains_message_end(refusal.detail),
        "a refusal says why, in a sentence that can be sent");
}

std::variant<Image, protocol::Refusal> decode(Bytes file) {
#ifdef SAMOYED_FUZZ_DECODER
  StoredResult result = SAMOYED_FUZZ_DECODER(file, limits);
  if (auto* stored = std::get_if<StoredImage>(&result)) {
    check(stored->exif.size() <= file.size(), "an EXIF block lies in its file");
    return std::move(stored->image);
  }
  return std::get<protocol::Refusal>(std::move(result));
#else
  return decode_image(file, limits, true);
#endif
}

}  // namespace
}  // namespace samoyed::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  const auto file = as_bytes(data, size);
#ifdef SAMOYED_FUZZ_DECODER
  // A decoder is called on its own format only; -1 keeps other inputs out of the corpus.
  const bool riff_of_another_kind = has_text(file, 0, "RIFF") && !has_text(file, 8, "WEBP");
  if (!has_text(file, 0, SAMOYED_FUZZ_MAGIC) || riff_of_another_kind) return -1;
#endif
  const HeapMeter meter;
  const auto result = decode(file);
  if (const auto peak = meter.peak_bytes()) {
    check(*peak <= limits.memory_bytes_max + tables_bytes_max, "decoding stays within its budget");
  }
  if (const auto* refusal = std::get_if<samoyed::protocol::Refusal>(&result)) {
    check_refusal(*refusal);
    return 0;
  }
  check_image(std::get<Image>(result));
#ifndef SAMOYED_FUZZ_DECODER
  const Image input = resize_and_crop(std::get<Image>(result));
  check(input.width == input_side_px && input.height == input_side_px, "the network's input");
#endif
  return 0;
}
