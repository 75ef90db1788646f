#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/result.hpp"
#include "support/bytes.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/exif.hpp"
#include "worker/image/image.hpp"
#include "worker/image/resize.hpp"

/// The image files in test/worker/test_images/data (made by make_image_fixtures.py), for the tests.
namespace samoyed::test {

/// The pixels of each file, as Pillow decodes them, are in NAME.ppm.
inline constexpr std::array image_fixtures = {
    "grey.jpg",
    "rgb_444.jpg",
    "rgb_422.jpg",
    "rgb_420.jpg",
    "tall_420.jpg",
    "progressive.jpg",
    "cmyk.jpg",
    "cmyk_without_adobe.jpg",
    "ycck.jpg",
    "exif_1.jpg",
    "exif_2.jpg",
    "exif_3.jpg",
    "exif_4.jpg",
    "exif_5.jpg",
    "exif_6.jpg",
    "exif_7.jpg",
    "exif_8.jpg",
    "bit.png",
    "grey.png",
    "grey_4bit.png",
    "grey_16bit.png",
    "grey_alpha.png",
    "rgb.png",
    "rgb_transparent.png",
    "rgb_16bit.png",
    "rgba.png",
    "interlaced.png",
    "interlaced_palette.png",
    "palette.png",
    "palette_transparent.png",
    "exif_6.png",
    "bit.bmp",
    "palette_4bit.bmp",
    "palette.bmp",
    "grey.bmp",
    "rgb.bmp",
    "top_down.bmp",
    "rgba.bmp",
    "lossy.webp",
    "lossy_alpha.webp",
    "lossless.webp",
    "lossless_alpha.webp",
    "animated.webp",
    "small_frame.webp",
    "exif_8.webp",
    "tall.webp",
    "tall_lossless.webp",
    "rgb_555.bmp",
    "rgb_565.bmp",
    "rgb_555_masks.bmp",
    "run_length_8.bmp",
    "run_length_4.bmp",
    "os2_bit.bmp",
    "os2_4bit.bmp",
    "os2_8bit.bmp",
    "os2_rgb.bmp",
    "os2_2_8bit.bmp",
    "uncounted_palette.bmp",
    "palette_beyond.bmp",
    "palette.gif",
    "grey.gif",
    "animated.gif",
    "interlaced.gif",
    "small_frame.gif",
    "transparent_frame.gif",
    "large_frame.gif",
    "tall.gif",
    "tall_interlaced.gif",
    "raw.tif",
    "lzw.tif",
    "predictor.tif",
    "deflate.tif",
    "packbits.tif",
    "jpeg.tif",
    "group3.tif",
    "group4.tif",
    "grey.tif",
    "grey_white_is_0.tif",
    "grey_alpha.tif",
    "grey_2bit.tif",
    "palette.tif",
    "palette_4bit.tif",
    "rgba.tif",
    "premultiplied.tif",
    "cmyk.tif",
    "rgb_16bit.tif",
    "grey_16bit.tif",
    "grey_16bit_big.tif",
    "grey_12bit.tif",
    "big_endian.tif",
    "tiles.tif",
    "planes.tif",
    "planes_tiles.tif",
    "fill_order.tif",
    "ycbcr.tif",
    "big_tiff.tif",
    "exif_6.tif",
    "pages.tif",
    "text.pbm",
    "bit.pbm",
    "text.pgm",
    "grey.pgm",
    "scaled.pgm",
    "grey_16bit.pgm",
    "text.pnm",
    "rgb.pnm",
    "rgb_16bit.pnm",
    "bit.psd",
    "grey.psd",
    "palette.psd",
    "rgb.psd",
    "alpha.psd",
    "cmyk.psd",
    "packbits.psd",
    "rgb_16bit.psd",
    "rgb.heic",
    "odd.heic",
    "alpha.heic",
    "10bit.heic",
    "turned.heic",
    "upside_down.heic",
    "mirrored.heic",
    "flipped.heic",
    "turned_mirrored.heic",
    "crop.heic",
    "crop_turned.heic",
    "grid.heic",
    "exif_turned.heic",
    "thumbnail.heic",
    "rgb.avif",
    "alpha.avif",
    "premultiplied.avif",
    "10bit.avif",
    "turned.avif",
    "turned_flipped.avif",
    "crop.avif",
    "grid.avif",
    "thumbnail.avif",
    "grey.jp2",
    "grey_alpha.jp2",
    "rgb.jp2",
    "rgba.jp2",
    "rgb.j2k",
    "lossy.jp2",
    "tiles.jp2",
    "offset.j2k",
    "signed.jp2",
    "parts.jp2",
    "bit.jp2",
    "ycc_420.jp2",
    "palette.jp2",
    "ycc.jp2",
    "cmyk.jp2",
    "grey_16bit.jp2",
    "rgb_16bit.jp2",
    "png.ico",
    "bitmaps.ico",
    "palette.ico",
    "cursor.cur",
    "rgb.dib",
    "palette.dib",
    "bit.tga",
    "grey.tga",
    "grey_alpha.tga",
    "palette.tga",
    "palette_16bit.tga",
    "rgb.tga",
    "rgba.tga",
    "rgb_16bit.tga",
    "run_length.tga",
    "top_down.tga",
    "from_right.tga",
};

/// Files whose orientation is in an unusual place, or that end with damage, but that Pillow reads.
/// Their pixels are in NAME.ppm, too.
inline constexpr std::array unusual_image_fixtures = {
    "exif_after_fill.jpg",
    "exif_after_junk.jpg",
    "exif_after_restart.jpg",
    "exif_after_zero.jpg",
    "exif_twice.jpg",
    "exif_swapped_magic_mm.jpg",
    "exif_swapped_magic_ii.jpg",
    "exif_thumbnail.jpg",
    "exif_in_second.jpg",
    "empty_first.jpg",
    "profile_text.png",
    "profile_compressed.png",
    "profile_international.png",
    "profile_behind.png",
    "profile_app1.png",
    "profile_after_exif.png",
    "exif_behind.png",
    "xmp_attribute.png",
    "xmp_element.png",
    "xmp_compressed.png",
    "xmp_behind.png",
    "xmp_and_upright_exif.png",
    "xmp.jpg",
    "xmp.webp",
    "no_iend.png",
    "cut_checksum.png",
    "no_adler.png",
    "cut_interlaced.png",
    "no_adler_but_end.png",
    "surplus.png",
    "palette_beyond.png",
    "palette_beyond_2bit.png",
};

inline std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline std::string read_image_fixture(std::string_view name) {
  return read_file(std::string(SAMOYED_IMAGE_FIXTURES_DIR) + "/" + std::string(name));
}

/// Whether this build reads the format of a file. Formats can be left out (SAMOYED_READ_NAME).
inline bool is_read(std::string_view file) {
  const auto* const format = protocol::find_image_format(file);
  return format == nullptr || protocol::contains(worker::built_formats(), *format);
}

/// Returns the pixels that Pillow decoded from the fixture.
inline worker::Image read_expected_image(std::string_view name) {
  std::ifstream stream(std::string(SAMOYED_IMAGE_FIXTURES_DIR) + "/" + std::string(name) + ".ppm",
                       std::ios::binary);
  std::string magic;
  worker::Image image;
  int value_max = 0;
  stream >> magic >> image.width >> image.height >> value_max;
  stream.get();
  image.rgb.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  if (magic != "P6" ||
      image.rgb.size() != static_cast<std::size_t>(3 * image.width * image.height)) {
    throw std::runtime_error("no pixels for " + std::string(name));
  }
  return image;
}

/// Returns the whole image, turned upright, or why there is none.
inline std::variant<worker::Image, protocol::Refusal> decode_upright(
    std::span<const std::byte> file, const worker::DecodeLimits& limits,
    bool apply_exif_orientation, bool accept_truncated = false) {
  auto result = worker::decode_image(
      file, limits,
      {.apply_exif_orientation = apply_exif_orientation, .accept_truncated = accept_truncated});
  if (auto* const refusal = std::get_if<protocol::Refusal>(&result)) return std::move(*refusal);
  auto& image = std::get<worker::DecodedImage>(result);
  return worker::apply_orientation(std::move(image.pixels), image.orientation);
}

/// Returns why a file can't be decoded. Throws std::bad_variant_access if it can.
inline protocol::Refusal refusal_of(const std::string& file,
                                    const worker::DecodeLimits& limits = {}) {
  return std::get<protocol::Refusal>(decode_upright(as_bytes(file), limits, true));
}

/// Returns the network's input for a whole image that is already upright.
inline worker::Image resize_and_crop(
    worker::Image image, const worker::ResizePasses& passes = worker::best_resize_passes(),
    const worker::CropSpec& crop_spec = {}) {
  const worker::Size size{image.width, image.height};
  worker::Resizer resizer(passes);
  return resizer.resize_and_crop({.full = size, .decoded = size, .pixels = std::move(image)},
                                 crop_spec);
}

/// The bytes of a linear congruential generator, the same as those of noise() in
/// make_image_fixtures.py.
class Noise {
 public:
  explicit Noise(std::uint32_t seed) : state_(seed) {}
  std::uint8_t byte() { return static_cast<std::uint8_t>(next() >> 24); }
  std::uint32_t next() { return state_ = state_ * 1664525U + 1013904223U; }

 private:
  std::uint32_t state_;
};

/// Returns an image of such bytes.
inline worker::Image noise_image(int width, int height, std::uint32_t seed) {
  Noise noise(seed);
  worker::Image image{width, height, {}};
  image.rgb.resize(static_cast<std::size_t>(3) * static_cast<std::size_t>(width) *
                   static_cast<std::size_t>(height));
  for (std::uint8_t& value : image.rgb) value = noise.byte();
  return image;
}

}  // namespace samoyed::test
