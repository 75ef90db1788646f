#include "worker/image/thumbnail.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "samoyed/protocol/wire.hpp"
#include "worker/image/jpeg_writer.hpp"
#include "worker/image/shrink.hpp"
#include "worker/test_images/image_bombs.hpp"
#include "worker/test_images/image_fixtures.hpp"
#include "worker/test_images/jpeg_maker.hpp"

namespace samoyed {

using test::as_bytes;
using worker::DecodedImage;
using worker::Image;
using worker::Size;
using worker::thumbnail_size;

namespace {

DecodedImage decode_stored(const std::string& file, const worker::DecodeOptions& options = {},
                           const worker::DecodeLimits& limits = {}) {
  auto result = worker::decode_image(as_bytes(file), limits, options);
  REQUIRE(std::holds_alternative<DecodedImage>(result));
  return std::get<DecodedImage>(std::move(result));
}

DecodedImage whole(Image pixels, int orientation = 1) {
  const Size size{pixels.width, pixels.height};
  return {.full = size, .decoded = size, .orientation = orientation, .pixels = std::move(pixels)};
}

/// The pixels of a thumbnail, which is upright whatever its reader does with EXIF.
Image read(const std::string& thumbnail) {
  const auto image = test::decode_upright(as_bytes(thumbnail), {}, false);
  REQUIRE(std::holds_alternative<Image>(image));
  return std::get<Image>(image);
}

/// The expected thumbnail of such an image, byte by byte.
std::string thumbnail_of_upright(const Image& image, int side) {
  const Size size = thumbnail_size({image.width, image.height}, side);
  return worker::write_jpeg(worker::shrink(image, size), 75, protocol::thumbnail_bytes_max);
}

/// The mean difference between two images of the same size.
double difference(const Image& a, const Image& b) {
  REQUIRE(a.width == b.width);
  REQUIRE(a.height == b.height);
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return sum / static_cast<double>(a.rgb.size());
}

}  // namespace

TEST_CASE("a thumbnail has the image's shape, and is never larger or empty", "[image]") {
  CHECK(thumbnail_size({1024, 683}, 160) == Size{160, 107});
  CHECK(thumbnail_size({683, 1024}, 160) == Size{107, 160});
  CHECK(thumbnail_size({4000, 4000}, 160) == Size{160, 160});
  CHECK(thumbnail_size({160, 107}, 160) == Size{160, 107});
  CHECK(thumbnail_size({100, 50}, 160) == Size{100, 50});
  CHECK(thumbnail_size({1, 1}, 160) == Size{1, 1});
  CHECK(thumbnail_size({1, 5000}, 160) == Size{1, 160});
  CHECK(thumbnail_size({16384, 3}, 160) == Size{160, 1});
  CHECK(thumbnail_size({300, 200}, 1) == Size{1, 1});
}

TEST_CASE("an image of any format has an upright thumbnail of the whole image", "[image]") {
  const std::string name = GENERATE(from_range(test::image_fixtures));
  CAPTURE(name);
  const Image expected = test::read_expected_image(name);
  for (const int side : {256, 10}) {
    CHECK(worker::make_thumbnail(decode_stored(test::read_image_fixture(name)), side) ==
          thumbnail_of_upright(expected, side));
  }
}

TEST_CASE("a thumbnail is turned as the image is", "[image]") {
  const int orientation = GENERATE(range(1, 9));
  CAPTURE(orientation);
  // Red above, blue below, and a white column on the left: all eight orientations look different.
  Image scene{48, 32, {}};
  for (int y = 0; y < scene.height; ++y) {
    for (int x = 0; x < scene.width; ++x) {
      const bool white = x < 16;
      const auto red = static_cast<std::uint8_t>(white || y < 16 ? 255 : 0);
      const auto blue = static_cast<std::uint8_t>(white || y >= 16 ? 255 : 0);
      scene.rgb.insert(scene.rgb.end(), {red, static_cast<std::uint8_t>(white ? 255 : 0), blue});
    }
  }
  const Image upright = worker::apply_orientation(scene, orientation);
  CHECK(worker::make_thumbnail(whole(scene, orientation), 24) == thumbnail_of_upright(upright, 24));
}

TEST_CASE("images that are tiny or thin have thumbnails", "[image]") {
  const Size size = GENERATE(Size{1, 1}, Size{2, 1}, Size{1, 5000}, Size{5000, 1}, Size{3, 3});
  const std::string file =
      test::make_jpeg({.name = "4:4:4", .samplings = {{1, 1}, {1, 1}, {1, 1}}}, size);
  const Image shown = read(worker::make_thumbnail(decode_stored(file), 160));
  CHECK(Size{shown.width, shown.height} == thumbnail_size(size, 160));
}

TEST_CASE("every kind of JPEG has a thumbnail, even if it is decoded at a fraction of its size",
          "[image]") {
  const auto kinds = test::jpeg_kinds();
  const auto& kind = kinds[GENERATE_COPY(range(std::size_t{0}, kinds.size()))];
  CAPTURE(kind.name);
  const std::string file = test::make_jpeg(kind, {1030, 1030}, 6);
  const std::string exact = worker::make_thumbnail(decode_stored(file), 160);
  const std::string reduced = worker::make_thumbnail(decode_stored(file, {.reduced = true}), 160);
  CHECK(difference(read(exact), read(reduced)) < 6);
}

TEST_CASE("the thumbnail of noise at the largest side is small enough to be sent", "[image]") {
  constexpr int side = protocol::thumbnail_side_max;
  const std::string file = worker::make_thumbnail(whole(test::noise_image(side, side, 5)), side);
  CHECK_FALSE(file.empty());
  CHECK(file.size() <= protocol::thumbnail_bytes_max);
}

TEST_CASE("a part of an image has no thumbnail", "[image]") {
  const std::string file =
      test::make_jpeg({.name = "4:2:0", .samplings = {{2, 2}, {1, 1}, {1, 1}}}, {900, 300});
  CHECK(worker::make_thumbnail(decode_stored(file, {.only_crop = true}), 160).empty());
}

TEST_CASE("the time for an image is limited if a thumbnail is wanted, too", "[image]") {
  const std::string bomb = test::progressive_jpeg(512, 20'000);
  worker::DecodeLimits limits;
  limits.cpu_max = std::chrono::milliseconds(50);
  for (const bool only_crop : {true, false}) {
    const auto result = worker::decode_image(as_bytes(bomb), limits, {.only_crop = only_crop});
    REQUIRE(std::holds_alternative<protocol::Refusal>(result));
    CHECK(std::get<protocol::Refusal>(result).reason == protocol::RefusalReason::too_slow);
  }
}

}  // namespace samoyed
