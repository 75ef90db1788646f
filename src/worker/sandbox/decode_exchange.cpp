#include "worker/sandbox/decode_exchange.hpp"

namespace samoyed::worker {
namespace {

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
  const CropSpec& crop = request.options.crop_spec;
  const Size expected =
      request.options.only_crop ? Size{crop.width_px, crop.height_px} : reply.decoded;
  return reply.pixels == expected;
}

}  // namespace samoyed::worker
