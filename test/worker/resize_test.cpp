#include "worker/resize.hpp"

#include <algorithm>
#include <cstdint>
#include <ios>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "image_fixtures.hpp"

namespace samoyed {

namespace {

/// FNV-1a of 64 bits, as make_image_fixtures.py has it.
std::uint64_t fnv1a(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t value = 0xCBF29CE484222325U;
  for (const std::uint8_t byte : bytes) value = (value ^ byte) * 0x100000001B3U;
  return value;
}

}  // namespace

TEST_CASE("pictures of every shape are resized and cropped to Pillow's pixels", "[resize]") {
  std::istringstream lines(test::read_image_fixture("crops.txt"));
  int width = 0;
  int height = 0;
  std::uint64_t hash = 0;
  int pictures = 0;
  while (lines >> std::dec >> width >> height >> std::hex >> hash) {
    CAPTURE(width, height);
    const auto seed = static_cast<std::uint32_t>(width * 4099 + height);
    const worker::Image crop = worker::resize_and_crop(test::noise_image(width, height, seed));
    CHECK(crop.width == 224);
    CHECK(crop.height == 224);
    CHECK(fnv1a(crop.rgb) == hash);
    ++pictures;
  }
  CHECK(pictures == 20);
}

TEST_CASE("the longest pictures are resized without the memory for all of them", "[resize]") {
  // Whole, the resized picture would have 256x4194304 pixels: 3 GiB.
  const auto [width, height] = GENERATE(table<int, int>({{1, 16384}, {16384, 1}, {16384, 4096}}));
  CAPTURE(width, height);
  worker::Image image{width, height, {}};
  image.rgb.assign(static_cast<std::size_t>(3) * static_cast<std::size_t>(width) *
                       static_cast<std::size_t>(height),
                   201);
  const worker::Image crop = worker::resize_and_crop(image);
  REQUIRE(crop.rgb.size() == 224 * 224 * 3);
  CHECK(std::all_of(crop.rgb.begin(), crop.rgb.end(), [](std::uint8_t v) { return v == 201; }));
}

}  // namespace samoyed
