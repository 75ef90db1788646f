#include <algorithm>
#include <array>
#include <avif/avif.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "worker/decoders/decoders.hpp"
#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

/// The most that libavif 0.11 and its codec hold for each sample of a pixel, a little above what
/// was measured: the codec's frame with what it knows about each block, and the image of a grid.
constexpr std::int64_t avif_copies = 3;
/// What the codec holds whatever the image's size.
constexpr std::int64_t avif_codec_bytes = std::int64_t{8} << 20;
/// How much larger than the image a frame may be: a cell of a grid may reach beyond it.
constexpr std::int64_t avif_margin_px = std::int64_t{512} * 512;

struct AvifDestroyer {
  void operator()(avifDecoder* decoder) const { avifDecoderDestroy(decoder); }
};
using Avif = std::unique_ptr<avifDecoder, AvifDestroyer>;

/// Opens a file whose frames may have `pixels_max` pixels.
Avif open_avif(Bytes file, std::int64_t pixels_max, const DecodeLimits& limits) {
  Avif decoder(avifDecoderCreate());
  if (!decoder) return nullptr;
  decoder->maxThreads = 1;
  decoder->ignoreExif = decoder->ignoreXMP = AVIF_TRUE;
  decoder->imageSizeLimit =
      static_cast<std::uint32_t>(std::min<std::int64_t>(pixels_max, AVIF_DEFAULT_IMAGE_SIZE_LIMIT));
  decoder->imageDimensionLimit = static_cast<std::uint32_t>(limits.side_px_max);
  // Some encoders leave out properties that the specification requires.
  decoder->strictFlags = AVIF_STRICT_DISABLED;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(file.data());
  if (avifDecoderSetIOMemory(decoder.get(), bytes, file.size()) != AVIF_RESULT_OK) return nullptr;
  return avifDecoderParse(decoder.get()) == AVIF_RESULT_OK ? std::move(decoder) : nullptr;
}

std::int64_t avif_need(const avifImage& image) {
  const std::int64_t pixels = std::int64_t{image.width} * image.height + avif_margin_px;
  const std::int64_t planes = image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400   ? 1
                              : image.yuvFormat == AVIF_PIXEL_FORMAT_YUV444 ? 3
                                                                            : 2;
  const std::int64_t sample_bytes = image.depth > 8 ? 2 : 1;
  const std::int64_t rgb_bytes = image.alphaPremultiplied == AVIF_TRUE ? 3 + 4 : 3;
  return pixels * ((planes + 1) * sample_bytes * avif_copies + rgb_bytes) + avif_codec_bytes;
}

bool convert(const avifImage& image, avifRGBFormat format, std::vector<std::uint8_t>& pixels) {
  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, &image);
  rgb.format = format;
  rgb.depth = 8;
  rgb.pixels = pixels.data();
  rgb.rowBytes = avifRGBImagePixelSize(&rgb) * image.width;
  return avifImageYUVToRGB(&image, &rgb) == AVIF_RESULT_OK;
}

/// Converts to RGB without alpha. libavif would show a transparent image on black.
bool convert_without_alpha(avifImage& image, std::vector<std::uint8_t>& pixels) {
  if (image.alphaPremultiplied != AVIF_TRUE) {
    avifImageFreePlanes(&image, AVIF_PLANES_A);
    return convert(image, AVIF_RGB_FORMAT_RGB, pixels);
  }
  // The colors have been multiplied by alpha, and are divided by it here.
  std::vector<std::uint8_t> with_alpha(pixels.size() / 3 * 4);
  if (!convert(image, AVIF_RGB_FORMAT_RGBA, with_alpha)) return false;
  for (std::size_t i = 0; i < pixels.size() / 3; ++i) {
    std::copy_n(&with_alpha[4 * i], 3, &pixels[3 * i]);
  }
  return true;
}

/// Returns a part of an image.
Image cut(const Image& image, const avifCropRect& part) {
  Image result = make_image(static_cast<int>(part.width), static_cast<int>(part.height));
  for (std::size_t y = 0; y < part.height; ++y) {
    const std::size_t from = (part.y + y) * static_cast<std::size_t>(image.width) + part.x;
    std::copy_n(image.rgb.begin() + static_cast<std::ptrdiff_t>(3 * from), 3 * part.width,
                result.rgb.begin() + static_cast<std::ptrdiff_t>(3 * y * part.width));
  }
  return result;
}

/// Applies the file's crop, rotation and mirroring, in this order.
Image transformed(Image pixels, const avifImage& image) {
  avifDiagnostics diagnostics;
  avifCropRect part;
  if ((image.transformFlags & AVIF_TRANSFORM_CLAP) != 0 &&
      avifCropRectConvertCleanApertureBox(&part, &image.clap, image.width, image.height,
                                          image.yuvFormat, &diagnostics) == AVIF_TRUE) {
    pixels = cut(pixels, part);
  }
  // EXIF's numbers for a rotation to the left by 0, 90, 180 and 270 degrees.
  constexpr std::array<int, 4> rotations{1, 8, 3, 6};
  if ((image.transformFlags & AVIF_TRANSFORM_IROT) != 0) {
    pixels = apply_orientation(std::move(pixels), rotations[image.irot.angle & 3]);
  }
  if ((image.transformFlags & AVIF_TRANSFORM_IMIR) != 0) {
    pixels = apply_orientation(std::move(pixels), image.imir.mode == 0 ? 4 : 2);
  }
  return pixels;
}

}  // namespace

RawResult decode_avif(Bytes file, const DecodeLimits& limits) {
  Avif decoder = open_avif(file, limits.pixels_max, limits);
  if (!decoder) return unreadable("The AVIF is damaged, incomplete or too large.");
  const std::int64_t width = decoder->image->width, height = decoder->image->height;
  if (auto refusal = check_size(width, height, limits)) return *refusal;
  if (std::cmp_greater(avif_need(*decoder->image), limits.memory_bytes_max)) {
    return too_much_memory(width, height);
  }
  // Again, so that no frame may be larger than the header says.
  decoder = open_avif(file, width * height + avif_margin_px, limits);
  if (!decoder || avifDecoderNextImage(decoder.get()) != AVIF_RESULT_OK ||
      decoder->image->width != width || decoder->image->height != height) {
    return unreadable("The AVIF is damaged or incomplete.");
  }
  Image image = make_image(static_cast<int>(width), static_cast<int>(height));
  if (!convert_without_alpha(*decoder->image, image.rgb)) {
    return unreadable("The AVIF's colors are of a kind that isn't supported.");
  }
  // The image is upright: an orientation in EXIF would turn it again.
  return RawImage{transformed(std::move(image), *decoder->image), {}};
}

}  // namespace samoyed::worker
