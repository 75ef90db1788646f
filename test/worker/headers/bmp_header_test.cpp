#include "worker/headers/bmp_header.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "support/bytes.hpp"

using namespace samoyed;
using worker::BmpHeader;

namespace {

std::string u32le(std::uint32_t value) {
  return {static_cast<char>(value), static_cast<char>(value >> 8), static_cast<char>(value >> 16),
          static_cast<char>(value >> 24)};
}

/// The 54 bytes of the headers of a Windows BMP of 4x4 pixels.
std::string headers(std::uint32_t pixels_offset, char bits, char compression,
                    std::uint32_t colors_used) {
  const std::string zeros(4, '\0');
  const std::string one_plane{'\1', '\0', bits, '\0'};
  return "BM" + zeros + zeros + u32le(pixels_offset) + u32le(40) + u32le(4) + u32le(4) + one_plane +
         u32le(static_cast<std::uint32_t>(compression)) + zeros + zeros + zeros +
         u32le(colors_used) + zeros;
}

BmpHeader parsed(const std::string& file) {
  return std::get<BmpHeader>(worker::parse_bmp_header(test::as_bytes(file)));
}

/// A BMP with 4 bits a pixel, and 4096 bytes after its headers.
BmpHeader four_bits(std::uint32_t pixels_offset, std::uint32_t colors_used) {
  return parsed(headers(pixels_offset, 4, 0, colors_used) + std::string(4096, '\0'));
}

TEST_CASE(
    "a BMP's palette has no more colors than its pixels can name, nor than there is room for") {
  CHECK(four_bits(54 + 4 * 16, 0).palette_colors == 16);
  CHECK(four_bits(54 + 4 * 16, 3).palette_colors == 3);
  CHECK(four_bits(54 + 4 * 300, 300).palette_colors == 16);
  CHECK(four_bits(54 + 4 * 5, 16).palette_colors == 5);
}

TEST_CASE("a BMP whose palette isn't counted has its pixels behind it") {
  CHECK(four_bits(54, 0).pixels_offset == 54 + 4 * 16);
  CHECK(four_bits(54, 3).pixels_offset == 54 + 4 * 3);
}

TEST_CASE("a BMP's masks count unless all are zero") {
  const auto masks = [](std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
    return parsed(headers(66, 16, 3, 0) + u32le(red) + u32le(green) + u32le(blue)).masks;
  };
  using Masks = std::array<std::uint32_t, 3>;
  CHECK(masks(0xF800, 0x07E0, 0x001F) == Masks{0xF800, 0x07E0, 0x001F});
  CHECK(masks(0, 0, 0x001F) == Masks{0, 0, 0x001F});
  CHECK(masks(0, 0, 0) == Masks{0x7C00, 0x03E0, 0x001F});
}

}  // namespace
