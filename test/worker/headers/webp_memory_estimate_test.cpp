#include "worker/headers/webp_memory_estimate.hpp"

#include <memory>
#include <random>
#include <vector>

#include <catch2/catch.hpp>
#include <webp/encode.h>

#include "support/bytes.hpp"
#include "worker/test_images/image_bombs.hpp"
#include "worker/test_images/image_fixtures.hpp"

using namespace samoyed;
using worker::count_huffman_groups;

namespace {

/// Offset of the stream in a file of one image: after RIFF, its size, WEBP, VP8L and its size.
constexpr std::size_t stream_offset = 20;

/// Encodes losslessly with libwebp's own encoder.
std::string encoded(const std::vector<std::uint8_t>& rgb, int width, int height) {
  std::uint8_t* bytes = nullptr;
  const std::size_t size = WebPEncodeLosslessRGB(rgb.data(), width, height, width * 3, &bytes);
  const std::unique_ptr<std::uint8_t, decltype(&WebPFree)> owner(bytes, WebPFree);
  return {reinterpret_cast<const char*>(bytes), size};
}

/// Returns an image of `colors` colors, with noise at the top, a ramp in the middle and a flat area
/// at the bottom, so that the encoder uses its transforms, its cache and several groups.
std::vector<std::uint8_t> image(int width, int height, unsigned colors, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> rgb;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const unsigned value = y < height / 3       ? static_cast<unsigned>(random()) % colors
                             : y < 2 * height / 3 ? static_cast<unsigned>(x + y) % colors
                                                  : 0;
      for (const unsigned factor : {37u, 59u, 83u}) {
        rgb.push_back(static_cast<std::uint8_t>(value * factor));
      }
    }
  }
  return rgb;
}

}  // namespace

TEST_CASE("the groups of every lossless WebP that an encoder writes are counted", "[image]") {
  std::int64_t most = 0;
  for (const int width : {1, 2, 7, 64, 333, 800}) {
    for (const int height : {1, 5, 64, 501}) {
      for (const unsigned colors : {1u, 2u, 4u, 16u, 200u, 100'000u}) {
        INFO(width << "x" << height << ", " << colors << " colors");
        const auto rgb = image(width, height, colors, 1 + colors);
        const std::string file = encoded(rgb, width, height);
        const auto groups = count_huffman_groups(test::as_bytes(file).subspan(stream_offset));
        REQUIRE(groups.has_value());
        // libwebp's encoder makes an entropy image of at most 2600 pixels.
        CHECK(*groups >= 1);
        CHECK(*groups <= 2600);
        most = std::max(most, *groups);
        const auto decoded = test::decode_upright(test::as_bytes(file), {}, false);
        CHECK(std::get<worker::Image>(decoded).rgb == rgb);
      }
    }
  }
  CHECK(most > 1);
}

TEST_CASE("groups are counted even in an image that is all black", "[image]") {
  const std::string file = test::webp_of_many_tables();
  CHECK(count_huffman_groups(test::as_bytes(file).subspan(stream_offset)) == 65536);
}

TEST_CASE("a lossless stream that is cut before its tables has no group count", "[image]") {
  const std::string file = encoded(image(64, 64, 100'000, 1), 64, 64);
  const auto stream = test::as_bytes(file).subspan(stream_offset);
  for (std::size_t length = 0; length < 12; ++length) {
    INFO(length);
    CHECK_FALSE(count_huffman_groups(stream.first(length)).has_value());
  }
  for (std::size_t length = 12; length < stream.size(); ++length) {
    const auto groups = count_huffman_groups(stream.first(length));
    CHECK((!groups || *groups == count_huffman_groups(stream)));
  }
}
