#include "worker/image/thumbnail.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <new>

#include "samoyed/protocol/wire.hpp"
#include "worker/image/exif.hpp"
#include "worker/image/jpeg_writer.hpp"
#include "worker/image/shrink.hpp"

namespace samoyed::worker {

namespace {

/// Quality on libjpeg's scale. At lower values, blocks are visible in skies; at higher values,
/// files grow faster than they improve.
constexpr int jpeg_quality = 75;

}  // namespace

Size thumbnail_size(Size image, int side_px) {
  const std::int64_t longer = std::max(image.width, image.height);
  if (longer <= side_px) return image;
  const auto scaled = [&](std::int64_t side) {
    return static_cast<int>(std::max<std::int64_t>((side * side_px + longer / 2) / longer, 1));
  };
  return {scaled(image.width), scaled(image.height)};
}

std::string make_thumbnail(const DecodedImage& image, int side_px) noexcept {
  assert(side_px >= 1);
  const Image& pixels = image.pixels;
  const Size size{pixels.width, pixels.height};
  if (size != image.decoded) return {};
  try {
    return write_jpeg(
        apply_orientation(shrink(pixels, thumbnail_size(size, side_px)), image.orientation),
        jpeg_quality, protocol::thumbnail_bytes_max);
  } catch (const std::bad_alloc&) {
    return {};  // The answer then has no thumbnail, as the declaration says.
  }
}

}  // namespace samoyed::worker
