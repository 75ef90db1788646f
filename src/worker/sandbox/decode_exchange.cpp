#include "worker/sandbox/decode_exchange.hpp"

#include <algorithm>

namespace samoyed::worker {
namespace {

bool contains(const Region& outer, const Region& inner) {
  return inner.left >= outer.left && inner.top >= outer.top &&
         inner.left + inner.width <= outer.left + outer.width &&
         inner.top + inner.height <= outer.top + outer.height;
}

bool is_within(Size size, const DecodeLimits& limits) {
  return size.width >= 1 && size.height >= 1 && size.width <= limits.side_px_max &&
         size.height <= limits.side_px_max &&
         std::int64_t{size.width} * size.height <= limits.pixels_max;
}

}  // namespace

std::size_t segment_bytes(const DecodeLimits& limits, std::uint64_t image_bytes_max) {
  return pixels_offset(image_bytes_max) + static_cast<std::size_t>(limits.pixels_max) * 3;
}

std::size_t pixels_offset(std::uint64_t file_bytes) {
  constexpr std::size_t cache_line_bytes = 64;
  return (static_cast<std::size_t>(file_bytes) / cache_line_bytes + 1) * cache_line_bytes;
}

bool is_sound(const DecodeReply& reply, const DecodeRequest& request) {
  if (reply.magic != exchange_magic) return false;
  if (reply.refused > 1 || reply.truncated > 1) return false;
  if (reply.refused == 1) {
    const auto reason = reply.reason;
    return reply.detail_bytes <= detail_bytes_max &&
           (reason == protocol::RefusalReason::unreadable ||
            reason == protocol::RefusalReason::too_many_pixels ||
            reason == protocol::RefusalReason::too_slow);
  }
  if (!is_within(reply.full, request.limits) || !is_within(reply.decoded, request.limits)) {
    return false;
  }
  if (reply.orientation < 1 || reply.orientation > 8) return false;
  // None of these sums overflows: each side is below side_px_max, which is at most 65535.
  const Region& pixels = reply.pixels;
  const int side_max = request.limits.side_px_max;
  for (const int value : {pixels.left, pixels.top, pixels.width, pixels.height}) {
    if (value < 0 || value > side_max) return false;
  }
  const Region whole{0, 0, reply.decoded.width, reply.decoded.height};
  if (!contains(whole, pixels)) return false;
  if (!request.options.only_crop) return pixels == whole;
  return contains(pixels, crop_region(reply.decoded, reply.orientation, request.options.crop_spec));
}

Region needed_region(const DecodedImage& image, const DecodeOptions& options) {
  const Region held{image.left, image.top, image.pixels.width, image.pixels.height};
  if (!options.only_crop) return held;
  const Region crop = crop_region(image.decoded, image.orientation, options.crop_spec);
  return contains(held, crop) ? crop : held;
}

}  // namespace samoyed::worker
