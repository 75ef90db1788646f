#include "worker/decoders/image_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/result.hpp"
#include "worker/test_images/image_bombs.hpp"
#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

using protocol::Refusal;
using protocol::RefusalReason;
using test::decode_upright;
using test::patched;
using test::refusal_of;
using worker::Image;
using namespace std::string_literals;

}  // namespace

TEST_CASE("every kind of image decodes to Pillow's pixels, turned upright", "[image]") {
  const std::string name = GENERATE(from_range(test::image_fixtures));
  CAPTURE(name);
  const std::string file = test::read_image_fixture(name);
  if (!test::is_read(file)) return;
  const auto result = decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK((std::get<Image>(result) == test::read_expected_image(name)));
}

TEST_CASE("a file whose orientation or end is unusual decodes to Pillow's pixels", "[image]") {
  const std::string name = GENERATE(from_range(test::unusual_image_fixtures));
  CAPTURE(name);
  const std::string file = test::read_image_fixture(name);
  const auto result = decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK((std::get<Image>(result) == test::read_expected_image(name)));
}

TEST_CASE("an EXIF thumbnail is never taken for the image", "[image]") {
  const std::string file = test::read_image_fixture("exif_thumbnail.jpg");
  const bool only_crop = GENERATE(false, true);
  const bool reduced = GENERATE(false, true);
  const bool accept_truncated = GENERATE(false, true);
  CAPTURE(only_crop, reduced, accept_truncated);
  const worker::DecodeOptions options{
      .only_crop = only_crop, .reduced = reduced, .accept_truncated = accept_truncated};
  const auto result = worker::decode_image(test::as_bytes(file), {}, options);
  REQUIRE(std::holds_alternative<worker::DecodedImage>(result));
  CHECK(std::get<worker::DecodedImage>(result).full == worker::Size{40, 24});
  // A file that ends behind its thumbnail has no other image.
  const std::string cut = file.substr(0, file.find("\xFF\xDB", file.find("\xFF\xD9")));
  CHECK(std::holds_alternative<Refusal>(worker::decode_image(test::as_bytes(cut), {}, options)));
}

TEST_CASE("the EXIF orientation is ignored on request", "[image]") {
  const std::string name =
      GENERATE("exif_3.jpg", "exif_6.jpg", "exif_6.png", "exif_8.webp", "profile_text.png",
               "xmp_attribute.png", "exif_after_restart.jpg");
  CAPTURE(name);
  const std::string file = test::read_image_fixture(name);
  const auto result = decode_upright(test::as_bytes(file), {}, false);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK(std::get<Image>(result).width == 19);
  CHECK(std::get<Image>(result).height == 13);
  CHECK_FALSE((std::get<Image>(result) == test::read_expected_image(name)));
}

TEST_CASE("a file that is not an image is refused with the accepted formats", "[image]") {
  const std::string file = GENERATE("B"s, "\xFF\xD8"s, "hello, world"s, "GIF88a\1\0\1\0"s,
                                    "II-\0\x08\0\0\0"s, "RIFF\4\0\0\0JUNK"s, "\x89PNG\r\n\x1A"s);
  CHECK(refusal_of(file) ==
        Refusal{RefusalReason::unreadable,
                "This isn't a " + std::string(protocol::accepted_formats) + " image."});
}

TEST_CASE("an empty file is refused as that", "[image]") {
  CHECK(refusal_of("") == Refusal{RefusalReason::unreadable, "The file is empty."});
}

TEST_CASE("a refusal says what a file is instead of an image", "[image]") {
  CHECK(refusal_of("\0\0\0\x18"s + "ftypmp42\0\0\0\0"s) ==
        Refusal{
            RefusalReason::unreadable,
            "This is a video (MP4), not a " + std::string(protocol::accepted_formats) + " image."});
}

TEST_CASE("a run-length BMP may jump over pixels, and cuts what goes beyond a row", "[image]") {
  // 4x3 pixels with a palette of four shades of gray, from the lowest row up: a pixel, a jump by 1
  // to the right and 1 up, a run of 9 that is cut at its row's end, and the end.
  const std::string header = "BM\0\0\0\0\0\0\0\0\x46\0\0\0"s +
                             "\x28\0\0\0\4\0\0\0\3\0\0\0\1\0\x08\0"s + "\1\0\0\0"s +
                             std::string(12, '\0') + "\4\0\0\0\0\0\0\0"s;
  const std::string palette = "\x10\x10\x10\0\x20\x20\x20\0\x30\x30\x30\0\x40\x40\x40\0"s;
  const auto result = decode_upright(
      test::as_bytes(header + palette + "\1\1" + "\0\2\1\1"s + "\x09\3" + "\0\1"s), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  const Image& image = std::get<Image>(result);
  std::string shades;
  for (std::size_t at = 0; at < image.rgb.size(); at += 3) {
    shades += static_cast<char>('0' + image.rgb[at] / 16);
  }
  CHECK(shades ==
        "1111"
        "1144"
        "2111");
}

TEST_CASE("an index beyond a GIF's palette is a gray", "[image]") {
  // One pixel of the color 200 from a palette of red and green. Its codes of 9 bits: clear, 200,
  // end.
  const std::string file =
      "GIF89a\1\0\1\0\x80\0\0\xFF\0\0\0\xFF\0"s + ",\0\0\0\0\1\0\1\0\0"s + "\x08\4\0\x91\5\4\0;"s;
  if (!test::is_read(file)) return;
  const auto result = decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK(std::get<Image>(result).rgb == std::vector<std::uint8_t>{200, 200, 200});
}

TEST_CASE("a format that the worker was told not to read is refused") {
  worker::DecodeLimits limits;
  limits.formats = protocol::original_image_formats;
  CHECK(refusal_of(test::read_image_fixture("grey.gif"), limits) ==
        Refusal{RefusalReason::unreadable, "This worker doesn't read GIF images."});
  CHECK(std::holds_alternative<Image>(
      decode_upright(test::as_bytes(test::read_image_fixture("grey.png")), limits, true)));
}

TEST_CASE("invalid headers are refused", "[image]") {
  const auto [name, offset, bytes, word] =
      GENERATE(table<std::string, std::size_t, std::string, std::string>({
          {"rgb.bmp", 14, "\x0D", "size that isn't supported"},  // of the header
          {"rgb.bmp", 10, "\x08", "begin inside its header"},    // offset of the pixels
          {"rgb.bmp", 10, "\x00\x10"s, "incomplete"},
          {"rgb.bmp", 28, "\x05", "bits per pixel"},
          {"rgb.bmp", 30, "\x04", "compression"},
          {"rgb.bmp", 22, "\0\0\0\0"s, "no pixels"},  // height
          {"palette.bmp", 30, "\x02", "run lengths don't fit"},
          {"palette.bmp", 30, "\x03", "compression"},
          {"rgb.png", 12, "IDAT", "header is missing or misplaced"},
          {"rgb.png", 29, "\xAA\xBB", "checksum"},    // CRC of IHDR
          {"rgb_444.jpg", 2, "\xFF\xD9", "damaged"},  // ends before it begins
          {"lossy.webp", 12, "JUNK", "damaged"},
          {"cmyk.tif", 4, "\xFF\xFF\xFF\x7F", "damaged or incomplete"},
          {"rgb.pnm", 3, "1x ", "header is damaged"},
          {"text.pgm", 60, "x", "damaged"},
          {"rgb.psd", 24, "\0\x09"s, "color mode"},
          {"rgb.psd", 26, "\xFF", "no merged image"},
          {"png.ico", 6 + 12, "\xFF\xFF\xFF\xFF", "incomplete"},
          {"palette.dib", 32, "\xFF\xFF\xFF\xFF", "incomplete"},
          {"palette.tga", 7, "\x0F", "palette"},
          {"interlaced.gif", 61, "\x07", "no image"},
      }));
  CAPTURE(name, offset);
  const std::string file = test::read_image_fixture(name);
  if (!test::is_read(file)) return;
  const Refusal refusal = refusal_of(patched(file, offset, bytes));
  CHECK(refusal.reason == RefusalReason::unreadable);
  CHECK_THAT(refusal.detail, Catch::Contains(word));
}

TEST_CASE("what a TGA without a palette says of its palette doesn't matter", "[image]") {
  // An icon begins like this too: the count of its images is in the same place.
  const std::string file = patched(test::read_image_fixture("rgb.tga"), 4, "\1\0\1\x18"s);
  if (!test::is_read(file)) return;
  const auto result = decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK((std::get<Image>(result) == test::read_expected_image("rgb.tga")));
}

TEST_CASE("a BMP's pixels may begin anywhere after its header", "[image]") {
  const std::string name = GENERATE("rgb.bmp", "rgba.bmp", "top_down.bmp");
  CAPTURE(name);
  std::string file = test::read_image_fixture(name);
  REQUIRE(file[10] == 54);
  file.insert(54, std::string(66, '\x55'));
  file[10] = 120;
  const auto result = decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK((std::get<Image>(result) == test::read_expected_image(name)));
}

TEST_CASE("a BMP's bit masks may be part of its header", "[image]") {
  const auto number = [](std::uint32_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
    return bytes;
  };
  // BITMAPV3INFOHEADER: one row of two 32-bit pixels, with red in the lowest byte.
  const std::string file = "BM" + number(78) + number(0) + number(70) + number(56) + number(2) +
                           number(1) + "\1\0\x20\0"s + number(3) + number(8) + number(0) +
                           number(0) + number(0) + number(0) + number(0xFF) + number(0xFF00) +
                           number(0xFF0000) + number(0xFF000000) + number(0xFF332211) +
                           number(0xFF665544);
  const auto result = decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK(std::get<Image>(result).rgb ==
        std::vector<std::uint8_t>{0x11, 0x22, 0x33, 0x44, 0x55, 0x66});
}

TEST_CASE("a flaw in a PNG's pixels passes, as in Pillow, but one in a header doesn't", "[image]") {
  std::string file = test::read_image_fixture("rgb.png");
  const std::size_t end = file.find("IEND") - 4;
  file[end - 1] = static_cast<char>(~file[end - 1]);  // the CRC of IDAT
  CHECK(std::holds_alternative<Image>(decode_upright(test::as_bytes(file), {}, true)));
  file[29] = static_cast<char>(~file[29]);  // the CRC of IHDR
  CHECK(refusal_of(file).reason == RefusalReason::unreadable);
}

TEST_CASE("each limit applies to each format, and an image that just fits is read", "[image]") {
  const std::string name = GENERATE("rgb_420.jpg", "rgb.png", "palette.png", "rgb.bmp",
                                    "lossy.webp", "lossless_alpha.webp");
  CAPTURE(name);
  const std::string file = test::read_image_fixture(name);
  worker::DecodeLimits limits{
      .side_px_max = 19, .pixels_max = 19 * 13, .memory_bytes_max = 1 << 20};
  REQUIRE(std::holds_alternative<Image>(decode_upright(test::as_bytes(file), limits, true)));

  SECTION("side") {
    limits.side_px_max = 18;
    CHECK(refusal_of(file, limits) ==
          Refusal{RefusalReason::too_many_pixels,
                  "The image has 19x13 pixels. The limit is 247 pixels, and 18 pixels on a side."});
  }
  SECTION("pixels") {
    limits.pixels_max = 19 * 13 - 1;
    CHECK(refusal_of(file, limits).reason == RefusalReason::too_many_pixels);
  }
  SECTION("memory") {
    limits.memory_bytes_max = 19 * 13 * 6 - 1;
    CHECK(refusal_of(file, limits) ==
          Refusal{RefusalReason::too_many_pixels,
                  "The image has 19x13 pixels. Decoding it takes more memory than is allowed."});
  }
}

}  // namespace samoyed
