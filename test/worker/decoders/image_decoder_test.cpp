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
  const auto result = decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK((std::get<Image>(result) == test::read_expected_image(name)));
}

TEST_CASE("the EXIF orientation is ignored on request", "[image]") {
  const std::string name = GENERATE("exif_3.jpg", "exif_6.jpg", "exif_6.png", "exif_8.webp");
  CAPTURE(name);
  const std::string file = test::read_image_fixture(name);
  const auto result = decode_upright(test::as_bytes(file), {}, false);
  REQUIRE(std::holds_alternative<Image>(result));
  CHECK(std::get<Image>(result).width == 19);
  CHECK(std::get<Image>(result).height == 13);
  CHECK_FALSE((std::get<Image>(result) == test::read_expected_image(name)));
}

TEST_CASE("a file that is not an image is refused with the accepted formats", "[image]") {
  const std::string file = GENERATE(""s, "B"s, "\xFF\xD8"s, "hello, world"s, "GIF88a\1\0\1\0"s,
                                    "II-\0\x08\0\0\0"s, "RIFF\4\0\0\0WAVE"s, "\x89PNG\r\n\x1A"s);
  CHECK(refusal_of(file) ==
        Refusal{RefusalReason::unreadable,
                "This isn't a " + std::string(protocol::accepted_formats) + " image."});
}

TEST_CASE("a format that the worker was told not to read is refused") {
  worker::DecodeLimits limits;
  limits.formats = protocol::original_image_formats;
  CHECK(refusal_of(test::read_image_fixture("grey.gif"), limits) ==
        Refusal{RefusalReason::unreadable, "This worker doesn't read GIF images."});
  CHECK(std::holds_alternative<Image>(
      decode_upright(test::as_bytes(test::read_image_fixture("grey.png")), limits, true)));
}

TEST_CASE("files of an unsupported kind are refused with a reason", "[image]") {
  const auto [name, word] = GENERATE(table<std::string, std::string>({
      {"palette_beyond.png", "not in the palette"},
      {"palette_beyond.bmp", "not in the palette"},
      {"run_length.bmp", "run-length compression"},
  }));
  CAPTURE(name);
  const Refusal refusal = refusal_of(test::read_image_fixture(name));
  CHECK(refusal.reason == RefusalReason::unreadable);
  CHECK_THAT(refusal.detail, Catch::Contains(word));
}

TEST_CASE("invalid headers are refused", "[image]") {
  const auto [name, offset, bytes, word] =
      GENERATE(table<std::string, std::size_t, std::string, std::string>({
          {"rgb.bmp", 14, "\x0C", "OS/2"},                     // size of the header
          {"rgb.bmp", 10, "\x08", "begin inside its header"},  // offset of the pixels
          {"rgb.bmp", 10, "\x00\x10"s, "incomplete"},
          {"rgb.bmp", 28, "\x05", "5 bits per pixel"},
          {"rgb.bmp", 30, "\x04", "compression"},
          {"rgb.bmp", 22, "\0\0\0\0"s, "no pixels"},      // height
          {"palette.bmp", 10, "\x36\0\0\0"s, "palette"},  // no room for a palette
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
  const Refusal refusal = refusal_of(patched(test::read_image_fixture(name), offset, bytes));
  CHECK(refusal.reason == RefusalReason::unreadable);
  CHECK_THAT(refusal.detail, Catch::Contains(word));
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
  worker::DecodeLimits limits;
  const Image& image = std::get<Image>(result);
  limits.memory_bytes_max = 2 * image.rgb.size();
  CHECK(refusal_of(file, limits).reason == RefusalReason::too_many_pixels);
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
      .side_px_max = 19, .pixels_max = 19 * 13, .memory_bytes_max = 1 << 20, .jpeg_scans_max = 1};
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
