#include "worker/image/resize.hpp"

#include <algorithm>
#include <cstdint>
#include <ios>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

/// 64-bit FNV-1a, the same as in make_image_fixtures.py.
std::uint64_t fnv1a(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t value = 0xCBF29CE484222325U;
  for (const std::uint8_t byte : bytes) value = (value ^ byte) * 0x100000001B3U;
  return value;
}

/// Returns every version that this processor runs.
std::vector<const worker::ResizePasses*> all_passes() {
  std::vector<const worker::ResizePasses*> all = {&worker::portable_resize_passes()};
  if (const auto* const avx2 = worker::avx2_resize_passes()) all.push_back(avx2);
  return all;
}

/// Returns the stored image that `orientation` turns into `upright`. Orientations 6 and 8 undo each
/// other; every other one undoes itself.
worker::Image turned_back(const worker::Image& upright, int orientation) {
  return worker::apply_orientation(upright, orientation == 6   ? 8
                                            : orientation == 8 ? 6
                                                               : orientation);
}

}  // namespace

TEST_CASE("images of every shape are resized and cropped to Pillow's pixels", "[resize]") {
  std::istringstream lines(test::read_image_fixture("crops.txt"));
  int width = 0;
  int height = 0;
  std::uint64_t hash = 0;
  int images = 0;
  while (lines >> std::dec >> width >> height >> std::hex >> hash) {
    CAPTURE(width, height);
    const auto seed = static_cast<std::uint32_t>(width * 4099 + height);
    for (const auto* const passes : all_passes()) {
      CAPTURE(passes->name);
      const worker::Image crop =
          test::resize_and_crop(test::noise_image(width, height, seed), *passes);
      CHECK(crop.width == 224);
      CHECK(crop.height == 224);
      CHECK(fnv1a(crop.rgb) == hash);
    }
    ++images;
  }
  CHECK(images == 20);
}

TEST_CASE("images are resized and cropped for other networks as Pillow does it", "[resize]") {
  std::istringstream lines(test::read_image_fixture("crop_specs.txt"));
  worker::CropSpec crop_spec;
  std::string filter;
  int width = 0;
  int height = 0;
  std::uint64_t hash = 0;
  int images = 0;
  while (lines >> std::dec >> crop_spec.short_side_px >> crop_spec.width_px >>
         crop_spec.height_px >> filter >> width >> height >> std::hex >> hash) {
    crop_spec.resampling =
        filter == "bicubic" ? worker::Resampling::bicubic : worker::Resampling::bilinear;
    CAPTURE(crop_spec.short_side_px, crop_spec.width_px, crop_spec.height_px, filter, width,
            height);
    const auto seed = static_cast<std::uint32_t>(width * 4099 + height);
    for (const auto* const passes : all_passes()) {
      CAPTURE(passes->name);
      const worker::Image crop =
          test::resize_and_crop(test::noise_image(width, height, seed), *passes, crop_spec);
      CHECK(crop.width == crop_spec.width_px);
      CHECK(crop.height == crop_spec.height_px);
      CHECK(fnv1a(crop.rgb) == hash);
    }
    ++images;
  }
  CHECK(images == 64);
}

TEST_CASE("an image stored on its side is resized as if it were upright", "[resize]") {
  const auto [width, height] =
      GENERATE(table<int, int>({{1, 1}, {3, 7}, {224, 256}, {261, 256}, {433, 701}, {900, 331}}));
  const int orientation = GENERATE(range(1, 9));
  const worker::CropSpec crop_spec =
      GENERATE(worker::CropSpec{}, worker::CropSpec{64, 64, 31, worker::Resampling::bicubic});
  CAPTURE(width, height, orientation, crop_spec.short_side_px);
  const worker::Image upright = test::noise_image(width, height, 7);
  const worker::Image expected =
      test::resize_and_crop(upright, worker::portable_resize_passes(), crop_spec);
  for (const auto* const passes : all_passes()) {
    CAPTURE(passes->name);
    worker::DecodedImage image{.orientation = orientation,
                               .pixels = turned_back(upright, orientation)};
    image.full = image.decoded = {image.pixels.width, image.pixels.height};
    worker::Resizer resizer(*passes);
    CHECK((resizer.resize_and_crop(image, crop_spec) == expected));
  }
}

TEST_CASE("a resizer's result doesn't depend on earlier images", "[resize]") {
  for (const auto* const passes : all_passes()) {
    worker::Resizer resizer(*passes);
    for (const auto& [width, height] : {std::pair{900, 331}, {17, 5}, {300, 800}, {256, 256}}) {
      CAPTURE(passes->name, width, height);
      const worker::Image image = test::noise_image(width, height, 11);
      const worker::Size size{width, height};
      const worker::Image given =
          resizer.resize_and_crop({.full = size, .decoded = size, .pixels = image});
      CHECK((given == test::resize_and_crop(image, *passes)));
    }
  }
}

TEST_CASE("the longest images are resized without memory for all of the resized image",
          "[resize]") {
  // The whole resized image would have 256x4194304 pixels: 3 GiB.
  const auto [width, height] = GENERATE(table<int, int>({{1, 16384}, {16384, 1}, {16384, 4096}}));
  CAPTURE(width, height);
  worker::Image image{width, height, {}};
  image.rgb.assign(static_cast<std::size_t>(3) * static_cast<std::size_t>(width) *
                       static_cast<std::size_t>(height),
                   201);
  const worker::Image crop = test::resize_and_crop(image);
  REQUIRE(crop.rgb.size() == 224 * 224 * 3);
  CHECK(std::all_of(crop.rgb.begin(), crop.rgb.end(), [](std::uint8_t v) { return v == 201; }));
}

}  // namespace samoyed
