#include "worker/image/exif.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

using worker::exif_orientation;
using worker::find_exif_orientation;
using worker::find_xmp_orientation;
using namespace std::string_literals;

/// Returns a little-endian TIFF block whose directory contains `entries`.
std::string little(std::string entries) {
  const auto count = static_cast<char>(entries.size() / 12);
  return "II*\0\x08\0\0\0"s + count + "\0"s + entries + "\0\0\0\0"s;
}

std::string big(std::string entries) {
  const auto count = static_cast<char>(entries.size() / 12);
  return "MM\0*\0\0\0\x08\0"s + count + entries + "\0\0\0\0"s;
}

const std::string little_6 = "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"s;
const std::string little_3 = "\x12\x01\x03\0\x01\0\0\0\x03\0\0\0"s;
const std::string big_8 = "\x01\x12\0\x03\0\0\0\x01\0\x08\0\0"s;
const std::string other_tag = "\x06\x01\x03\0\x01\0\0\0\x02\0\0\0"s;

}  // namespace

TEST_CASE("orientation is read in both byte orders and from any integer type", "[exif]") {
  CHECK(exif_orientation(test::as_bytes(little(little_6))) == 6);
  CHECK(exif_orientation(test::as_bytes(big(big_8))) == 8);
  CHECK(exif_orientation(test::as_bytes("Exif\0\0"s + big(big_8))) == 8);
  CHECK(exif_orientation(test::as_bytes(little(other_tag + little_6))) == 6);
  CHECK(exif_orientation(test::as_bytes(little(little_3 + little_6))) == 6);
  CHECK(exif_orientation(test::as_bytes(little("\x12\x01\x04\0\x01\0\0\0\x05\0\0\0"s))) == 5);
  CHECK(exif_orientation(test::as_bytes(little("\x12\x01\x06\0\x01\0\0\0\x07\0\0\0"s))) == 7);
  CHECK(exif_orientation(test::as_bytes(big("\x01\x12\0\x04\0\0\0\x01\0\0\0\x02"s))) == 2);
}

TEST_CASE("an image without a valid orientation is upright", "[exif]") {
  const std::string block = GENERATE(""s, "Exif\0\0"s, "II*\0"s, "II*\0\xFF\xFF\xFF\xFF"s,
                                     "XX*\0\x08\0\0\0\0\0"s, little(other_tag),
                                     little("\x12\x01\x03\0\x01\0\0\0\0\0\0\0"s),      // 0
                                     little("\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"s),    // 9
                                     little("\x12\x01\x03\0\x02\0\0\0\x06\0\x06\0"s),  // two values
                                     little("\x12\x01\x02\0\x01\0\0\0\x06\0\0\0"s),    // text
                                     little("\x12\x01\x09\0\x01\0\0\0\xFA\xFF\xFF\xFF"s));  // -6
  CHECK(exif_orientation(test::as_bytes(block)) == 1);
}

TEST_CASE("a directory that ends early is read as far as it goes", "[exif]") {
  std::string block = little(little_6 + other_tag);
  for (std::size_t length = 0; length <= block.size(); ++length) {
    CAPTURE(length);
    const bool tag_is_whole = length >= 8 + 2 + 12;
    CHECK(exif_orientation(test::as_bytes(block.substr(0, length))) == (tag_is_whole ? 6 : 1));
  }
  block[8] = '\xFF';
  block[9] = '\xFF';  // 65535 entries
  CHECK(exif_orientation(test::as_bytes(block)) == 6);
}

TEST_CASE("a header whose 42 is in the other byte order is accepted", "[exif]") {
  std::string block = little(little_6);
  std::swap(block[2], block[3]);
  CHECK(exif_orientation(test::as_bytes(block)) == 6);
  block = big(big_8);
  std::swap(block[2], block[3]);
  CHECK(exif_orientation(test::as_bytes(block)) == 8);
}

TEST_CASE("a missing orientation differs from an invalid one", "[exif]") {
  CHECK(find_exif_orientation(test::as_bytes(little(other_tag))) == std::nullopt);
  CHECK(find_exif_orientation(test::as_bytes("junk"s)) == std::nullopt);
  CHECK(find_exif_orientation(test::as_bytes(little("\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"s))) == 1);
}

TEST_CASE("XMP's orientation is an attribute or an element", "[exif]") {
  const auto [xmp, orientation] = GENERATE(table<std::string, std::optional<int>>({
      {R"(<a tiff:Orientation="6"/>)", 6},
      {"<tiff:Orientation>8</tiff:Orientation>", 8},
      {R"(tiff:Orientation tiff:Orientation="3" tiff:Orientation="5")", 3},
      {R"(tiff:Orientation="x" tiff:Orientation="5")", 5},
      {R"(tiff:Orientation="9")", 1},
      {R"(tiff:Orientation=")", std::nullopt},
      {"tiff:Orientation='6'", std::nullopt},
      {"exif:Orientation=\"6\"", std::nullopt},
      {"", std::nullopt},
  }));
  CAPTURE(xmp);
  CHECK(find_xmp_orientation(xmp) == orientation);
}

TEST_CASE("each orientation turns an image upright", "[exif]") {
  // 3x2 pixels, named by their red value: abc / def.
  const auto [orientation, width, height, names] = GENERATE(table<int, int, int, std::string>({
      {1, 3, 2, "abcdef"},
      {2, 3, 2, "cbafed"},
      {3, 3, 2, "fedcba"},
      {4, 3, 2, "defabc"},
      {5, 2, 3, "adbecf"},
      {6, 2, 3, "daebfc"},
      {7, 2, 3, "fcebda"},
      {8, 2, 3, "cfbead"},
      {0, 3, 2, "abcdef"},
      {9, 3, 2, "abcdef"},
  }));
  CAPTURE(orientation);
  worker::Image stored{3, 2, {}};
  for (const char name : "abcdef"s) {
    for (const int channel : {0, 1, 2})
      stored.rgb.push_back(static_cast<std::uint8_t>(name + channel));
  }
  const worker::Image image = worker::apply_orientation(stored, orientation);
  CHECK(image.width == width);
  CHECK(image.height == height);
  REQUIRE(image.rgb.size() == 18);
  std::string seen;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    seen.push_back(static_cast<char>(image.rgb[i]));
    CHECK(image.rgb[i + 1] == image.rgb[i] + 1);
    CHECK(image.rgb[i + 2] == image.rgb[i] + 2);
  }
  CHECK(seen == names);
}

}  // namespace samoyed
