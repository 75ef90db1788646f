#include "worker/image/shrink.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

using test::noise_image;
using worker::Image;
using worker::shrink;

namespace {

/// Returns rows of gray pixels.
Image gray(int width, const std::vector<std::uint8_t>& values) {
  Image image{width, static_cast<int>(values.size()) / width, {}};
  for (const std::uint8_t value : values) image.rgb.insert(image.rgb.end(), 3, value);
  return image;
}

/// Reference implementation: the mean over the area of output pixel (x, y), each input pixel
/// weighted by the fraction inside it.
double area_mean(const Image& image, worker::Size size, int x, int y, int channel) {
  const auto covered = [](int pixel, int output, double scale) {
    return std::clamp(
        std::min(pixel + 1.0, (output + 1) * scale) - std::max<double>(pixel, output * scale), 0.0,
        1.0);
  };
  const double across = static_cast<double>(image.width) / size.width;
  const double down = static_cast<double>(image.height) / size.height;
  double sum = 0;
  for (int row = 0; row < image.height; ++row) {
    for (int column = 0; column < image.width; ++column) {
      const int at = (row * image.width + column) * 3 + channel;
      sum += covered(column, x, across) * covered(row, y, down) *
             image.rgb[static_cast<std::size_t>(at)];
    }
  }
  return sum / (across * down);
}

}  // namespace

TEST_CASE("an image shrinks to the means of its areas, with edges in proportion", "[image]") {
  CHECK(shrink(gray(4, {0, 10, 20, 30}), {2, 1}) == gray(2, {5, 25}));
  CHECK(shrink(gray(1, {0, 10, 20, 30}), {1, 2}) == gray(1, {5, 25}));
  // Two thirds of the first and a third of the second, and so on: 20 and 40 by 1.5.
  CHECK(shrink(gray(3, {0, 60, 30}), {2, 1}) == gray(2, {20, 40}));
  CHECK(shrink(gray(2, {1, 2, 2, 2}), {1, 1}) == gray(1, {2}));
  CHECK(shrink(gray(2, {1, 1, 1, 2}), {1, 1}) == gray(1, {1}));
}

TEST_CASE("every pixel of a smaller image is the mean of its area", "[image]") {
  const auto [from, to] = GENERATE(table<worker::Size, worker::Size>({
      {{7, 5}, {3, 2}},
      {{40, 30}, {13, 29}},
      {{64, 48}, {4, 3}},
      {{31, 97}, {30, 1}},
      {{1, 50}, {1, 16}},
      {{50, 1}, {7, 1}},
  }));
  const Image image = noise_image(from.width, from.height, 7);
  const Image small = shrink(image, to);
  REQUIRE(small.width == to.width);
  REQUIRE(small.height == to.height);
  double worst = 0;
  for (int y = 0; y < to.height; ++y) {
    for (int x = 0; x < to.width; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const auto at = static_cast<std::size_t>((y * to.width + x) * 3 + channel);
        worst = std::max(worst, std::abs(small.rgb[at] - area_mean(image, to, x, y, channel)));
      }
    }
  }
  CAPTURE(from.width, from.height, to.width, to.height);
  CHECK(worst <= 0.5 + 1e-9);
}

TEST_CASE("an image shrunk to its own size stays as it is", "[image]") {
  const Image image = noise_image(37, 21, 3);
  CHECK(shrink(image, {37, 21}) == image);
}

TEST_CASE("white stays white, however large the image is", "[image]") {
  const auto size =
      GENERATE(worker::Size{16384, 3}, worker::Size{3, 16384}, worker::Size{4096, 4096});
  Image white{size.width, size.height, {}};
  white.rgb.assign(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3,
                   255);
  const Image small = shrink(white, {1, 1});
  CHECK(small.rgb == std::vector<std::uint8_t>{255, 255, 255});
}

}  // namespace samoyed
