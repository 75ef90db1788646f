#include "worker/headers/bmp_header.hpp"

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

/// A Windows BMP of 4x4 pixels with 4 bits each, and 4096 bytes after its headers.
BmpHeader four_bits(std::uint32_t pixels_offset, std::uint32_t colors_used) {
  const std::string zeros(4, '\0');
  const std::string one_plane_four_bits("\1\0\4\0", 4);
  const std::string file = "BM" + zeros + zeros + u32le(pixels_offset) + u32le(40) + u32le(4) +
                           u32le(4) + one_plane_four_bits + zeros + zeros + zeros + zeros +
                           u32le(colors_used) + zeros + std::string(4096, '\0');
  return std::get<BmpHeader>(worker::parse_bmp_header(test::as_bytes(file)));
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

}  // namespace
