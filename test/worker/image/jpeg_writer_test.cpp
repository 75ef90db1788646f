#include "worker/image/jpeg_writer.hpp"

#include <cstdlib>
#include <variant>

#include <catch2/catch.hpp>

#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

using test::noise_image;
using worker::Image;
using worker::write_jpeg;

namespace {

constexpr std::size_t ample = std::size_t{1} << 20;

}  // namespace

TEST_CASE("an image that is written as JPEG looks the same when it is read", "[image]") {
  const auto size = GENERATE(worker::Size{1, 1}, worker::Size{160, 107}, worker::Size{17, 3});
  Image image{size.width, size.height, {}};
  for (int i = 0; i < size.width * size.height; ++i) {
    image.rgb.insert(image.rgb.end(), {200, static_cast<std::uint8_t>(i % size.width), 30});
  }
  const auto kind = GENERATE(worker::JpegKind::baseline, worker::JpegKind::progressive);
  const std::string file = write_jpeg(image, 90, ample, kind);
  const auto read = test::decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<Image>(read));
  const Image& again = std::get<Image>(read);
  REQUIRE(again.rgb.size() == image.rgb.size());
  CHECK(again.width == image.width);
  int worst = 0;
  for (std::size_t i = 0; i < image.rgb.size(); ++i) {
    worst = std::max(worst, std::abs(image.rgb[i] - again.rgb[i]));
  }
  CHECK(worst <= 12);
  CHECK((file.find("\xFF\xC2") != file.npos) == (kind == worker::JpegKind::progressive));
}

TEST_CASE("a lower quality makes a smaller file", "[image]") {
  const Image image = noise_image(100, 100, 1);
  CHECK(write_jpeg(image, 50, ample).size() < write_jpeg(image, 95, ample).size());
}

TEST_CASE("a file that would be too long is not written", "[image]") {
  const Image image = noise_image(100, 100, 1);
  const std::size_t bytes = write_jpeg(image, 75, ample).size();
  CHECK(write_jpeg(image, 75, bytes + 1).size() == bytes);
  CHECK(write_jpeg(image, 75, bytes - 1).empty());
  CHECK(write_jpeg(image, 75, 1).empty());
}

TEST_CASE("an image of a size that JPEG does not support is not written", "[image]") {
  CHECK(write_jpeg({0, 0, {}}, 75, ample).empty());
  CHECK(write_jpeg(noise_image(65536, 1, 1), 75, ample).empty());
}

}  // namespace samoyed
