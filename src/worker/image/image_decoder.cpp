#include "worker/image/image_decoder.hpp"

#include <string>
#include <utility>

#include "worker/image/decoders.hpp"
#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

using namespace std::string_view_literals;

std::string size_text(std::int64_t width, std::int64_t height) {
  return "The image has " + std::to_string(width) + "x" + std::to_string(height) + " pixels";
}

StoredResult decode_whole(Bytes file, const DecodeLimits& limits) {
  if (has_text(file, 0, "\x89PNG\r\n\x1A\n"sv)) return decode_png(file, limits);
  if (has_text(file, 0, "RIFF"sv) && has_text(file, 8, "WEBP"sv)) return decode_webp(file, limits);
  if (has_text(file, 0, "BM"sv)) return decode_bmp(file, limits);
  return unreadable("This is no " + std::string(protocol::accepted_formats) + " image.");
}

}  // namespace

protocol::Refusal unreadable(std::string detail) {
  return {protocol::RefusalReason::unreadable, std::move(detail)};
}

protocol::Refusal too_much_memory(std::int64_t width, std::int64_t height) {
  return {protocol::RefusalReason::too_many_pixels,
          size_text(width, height) + ", whose decoding takes more memory than is allowed."};
}

std::optional<protocol::Refusal> check_size(std::int64_t width, std::int64_t height,
                                            const DecodeLimits& limits) {
  if (width <= 0 || height <= 0) return unreadable("The image has no pixels.");
  if (width > limits.side_px_max || height > limits.side_px_max ||
      width * height > limits.pixels_max) {
    return protocol::Refusal{protocol::RefusalReason::too_many_pixels,
                             size_text(width, height) + "; at most " +
                                 std::to_string(limits.side_px_max) + " on a side and " +
                                 std::to_string(limits.pixels_max) + " in all are read."};
  }
  const std::int64_t rgb_bytes = width * height * 3;
  if (std::cmp_greater(2 * rgb_bytes, limits.memory_bytes_max)) {
    return too_much_memory(width, height);
  }
  return std::nullopt;
}

Image make_image(int width, int height, std::vector<std::uint8_t> memory) {
  const std::size_t bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
  if (memory.capacity() < bytes) memory = {};  // Both would be held while the old was copied.
  memory.resize(bytes);
  return {width, height, std::move(memory)};
}

DecodeResult decode_image(std::span<const std::byte> file, const DecodeLimits& limits,
                          const DecodeWish& wish, std::vector<std::uint8_t> memory) {
  if (has_text(file, 0, "\xFF\xD8\xFF"sv)) {
    return decode_jpeg(file, limits, wish, std::move(memory));
  }
  memory = {};  // The others have buffers of their own.
  StoredResult result = decode_whole(file, limits);
  if (auto* const refusal = std::get_if<protocol::Refusal>(&result)) return std::move(*refusal);
  auto& stored = std::get<StoredImage>(result);
  const Size size{stored.image.width, stored.image.height};
  return StoredPicture{
      .full = size,
      .decoded = size,
      .orientation = wish.apply_exif_orientation ? exif_orientation(stored.exif) : 1,
      .pixels = std::move(stored.image)};
}

}  // namespace samoyed::worker
