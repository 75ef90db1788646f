#include "worker/headers/jpeg2000_layout.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "samoyed/protocol/result.hpp"
#include "support/bytes.hpp"
#include "worker/test_images/image_bombs.hpp"
#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

using namespace std::string_literals;
using namespace worker;
using test::as_bytes;
using test::patched;
using test::read_image_fixture;

constexpr std::string_view size_marker = "\xFF\x51", coding_marker = "\xFF\x52",
                           tile_part_marker = "\xFF\x90\0\x0A";

/// Returns what is estimated for the codestream of a file, or 0 if it is refused.
std::int64_t estimate(const std::string& file) {
  const auto boxes = read_jpeg2000_boxes(as_bytes(file));
  if (!boxes) return 0;
  const auto layout = read_jpeg2000_layout(boxes->codestream);
  if (!layout) return 0;
  return jpeg2000_memory_estimate(boxes->codestream, *layout).value_or(0);
}

}  // namespace

TEST_CASE("the boxes of a JP2 file give the codestream, the color space and the palette") {
  const std::string file = read_image_fixture("palette.jp2");
  const auto boxes = read_jpeg2000_boxes(as_bytes(file));
  REQUIRE(boxes);
  CHECK(boxes->color_space == 16);
  CHECK(boxes->palette.size() == 11);
  CHECK(boxes->codestream.size() == file.size() - file.find("jp2c") - 4);

  const std::string bare = read_image_fixture("rgb.j2k");
  CHECK(read_jpeg2000_boxes(as_bytes(bare))->codestream.size() == bare.size());
  CHECK_FALSE(read_jpeg2000_boxes(as_bytes(file.substr(0, file.find("jp2c") - 4))));
}

TEST_CASE("a palette that isn't whole is ignored") {
  const std::string file = read_image_fixture("palette.jp2");
  const auto palette = file.find("pclr") + 4, mapping = file.find("cmap") + 4;
  const auto [offset, bytes] = GENERATE_COPY(table<std::size_t, std::string>({
      {palette, "\xFF"s},          // 65291 entries
      {palette + 2, "\0"s},        // no columns
      {palette + 3, "\x1F"s},      // 32 bits
      {mapping + 1, "\1"s},        // the second component
      {mapping + 3, "\x07"s},      // the eighth column
      {mapping + 2, "\0"s},        // not through the palette
      {palette - 4, "xxxx"s},      // no palette
      {palette - 8, "\0\0\0\3"s},  // a box that is smaller than its head
  }));
  CAPTURE(offset);
  const std::string damaged = patched(file, offset, bytes);
  const auto boxes = read_jpeg2000_boxes(as_bytes(damaged));
  REQUIRE(boxes);
  CHECK(boxes->palette.empty());
}

TEST_CASE("a layout has the sizes that the codestream gives") {
  const std::string file = read_image_fixture("offset.j2k");
  const auto layout = read_jpeg2000_layout(as_bytes(file));
  REQUIRE(layout);
  CHECK(layout->left == 3);
  CHECK(layout->width() == 19);
  CHECK(layout->height() == 13);
  CHECK(layout->tiles() == 2);
  CHECK(layout->components.size() == 3);
  CHECK(layout->samples({.step_x = 2, .step_y = 4}) == 9 * 3);
}

TEST_CASE("impossible layouts are refused") {
  const std::string file = read_image_fixture("rgb.j2k");
  REQUIRE(file.find(size_marker) == 2);
  const auto [offset, bytes] = GENERATE(table<std::size_t, std::string>({
      {8, "\x80"s},       // a width beyond 31 bits
      {19, "\x13"s},      // begins where it ends
      {24, "\0\0\0\0"s},  // tiles without width
      {35, "\1"s},        // tiles that begin behind the image
      {40, "\0\0"s},      // no components
      {40, "\0\5"s},      // more than there are
      {42, "\x1F"s},      // 32 bits
      {43, "\0"s},        // no distance of samples
      {24,
       "\0\0\0\1\0\0\0\1"  // 65536 tiles
       "\0\0\0\0\0\0\0\0"s},
  }));
  CAPTURE(offset);
  const std::string large =
      offset == 24 && bytes.size() > 4 ? patched(file, 8, "\0\0\1\0\0\0\1\0"s) : file;
  const std::string damaged = patched(large, offset, bytes);
  CHECK_FALSE(read_jpeg2000_layout(as_bytes(damaged)));
}

TEST_CASE("the memory estimate includes samples, tiles, blocks, precincts and layers") {
  const std::string file = read_image_fixture("rgb.j2k");
  const std::size_t coding = file.find(coding_marker);
  CHECK(estimate(file) >= 4 * 3 * 19 * 13);
  const std::string large = test::jpeg2000_liar("rgb.j2k", 1000, 1000);
  const std::int64_t pixels = 1'000'000;
  CHECK(estimate(large) >= 4 * 3 * pixels);
  CHECK(estimate(large) < 5 * 3 * pixels);
  // Blocks of 4x4 take 464 bytes each, for each component.
  CHECK(estimate(patched(large, coding + 10, "\0\0"s)) >= 3 * pixels / 16 * 464);
  // A tile that is larger than the image isn't moved to it.
  CHECK(estimate(test::jpeg2000_liar("rgb.j2k", 1000, 2000)) >= 2 * 4 * 3 * pixels);
  // A layer makes OpenJPEG mark each packet in two bytes.
  const std::string layers = patched(large, coding + 6, "\xFF\xFF"s);
  CHECK(estimate(layers) > estimate(large) + 65535 * 2 * 3);
  CHECK(estimate(read_image_fixture("tiles.jp2")) > (256 << 10) + 6 * (5696 + 3 * 1080));
}

TEST_CASE("a codestream without all parts of its tiles is refused") {
  const std::string file = read_image_fixture("parts.jp2");
  CHECK(estimate(file) > 0);
  // The end is needed only if the parts aren't numbered.
  CHECK(estimate(file.substr(0, file.size() - 2)) > 0);
  const std::size_t last =
      file.rfind(std::string(tile_part_marker.begin(), tile_part_marker.end()));
  REQUIRE(last != std::string::npos);
  REQUIRE(last > file.find("\xFF\x93"));
  CHECK(estimate(file.substr(0, last)) == 0);
  CHECK(estimate(file.substr(0, last) + "\xFF\xD9") == 0);
}

TEST_CASE("transformations between components by ISO/IEC 15444-2 are refused") {
  const std::string file = read_image_fixture("rgb.j2k");
  const std::size_t coding = file.find(coding_marker);
  const std::string marker = GENERATE("\xFF\x74", "\xFF\x75", "\xFF\x77", "\xFF\x78");
  const std::string extended = file.substr(0, coding) + marker + "\0\4\0\0"s + file.substr(coding);
  CHECK(estimate(extended) == 0);
  const std::string comment = file.substr(0, coding) + "\xFF\x64\0\4\0\0"s + file.substr(coding);
  CHECK(estimate(comment) > 0);
}

}  // namespace samoyed
