#include "worker/image/normalize.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "support/npy.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/resize.hpp"
#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

constexpr std::size_t plane_floats = worker::input_floats / 3;

std::vector<float> normalized(const worker::Image& image) {
  std::vector<float> planes(worker::input_floats);
  worker::Normalizer().normalize(image, planes);
  return planes;
}

}  // namespace

TEST_CASE("each channel goes to its own plane, with its own mean and deviation", "[normalize]") {
  worker::Image image{224, 224, std::vector<std::uint8_t>(worker::input_floats)};
  image.rgb[0] = 255;                         // red of the first pixel
  image.rgb[(224 * 1 + 2) * 3 + 1] = 255;     // green of row 1, column 2
  image.rgb[worker::input_floats - 1] = 255;  // blue of the last pixel
  const std::vector<float> planes = normalized(image);
  CHECK(planes[0] == Approx((1 - 0.485) / 0.229));
  CHECK(planes[1] == Approx(-0.485 / 0.229));
  CHECK(planes[plane_floats + 226] == Approx((1 - 0.456) / 0.224));
  CHECK(planes[plane_floats] == Approx(-0.456 / 0.224));
  CHECK(planes[3 * plane_floats - 1] == Approx((1 - 0.406) / 0.225));
  CHECK(planes[2 * plane_floats] == Approx(-0.406 / 0.225));
}

TEST_CASE("another network's mean, deviation and size are used", "[normalize]") {
  const worker::Normalizer normalizer(
      {.mean = {0.5F, 0.0F, 1.0F}, .deviation = {0.5F, 1.0F, 2.0F}});
  const worker::Image image{2, 1, {255, 0, 51, 0, 255, 255}};
  std::vector<float> planes(6);
  normalizer.normalize(image, planes);
  CHECK(planes ==
        std::vector<float>{1.0F, -1.0F, 0.0F, 1.0F, (51.0F / 255.0F - 1.0F) / 2.0F, 0.0F});
}

TEST_CASE("dog.jpg becomes the reference's input tensor, bit for bit", "[normalize][shared]") {
  const std::string shared = SAMOYED_SHARED_DIR;
  if (shared.empty()) {
    WARN("skipped: needs ../shared: dog.jpg becomes the reference's input tensor");
    return;
  }
  const std::string file = test::read_file(shared + "/images/dog.jpg");
  const auto result = test::decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<worker::Image>(result));
  const auto planes = normalized(test::resize_and_crop(std::get<worker::Image>(result)));
  const std::vector<float> golden = test::read_npy(shared + "/golden/dog.input.npy");
  CHECK((planes == golden));
}

}  // namespace samoyed
