#include "worker/headers/heif_frames.hpp"

#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "support/bytes.hpp"
#include "worker/test_images/image_bombs.hpp"
#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

using namespace std::string_literals;
using test::as_bytes;

/// Writes a sequence parameter set (Rec. ITU-T H.265, 7.3.2.2).
class ParameterSet {
 public:
  ParameterSet(unsigned sub_layers, std::uint64_t width, std::uint64_t height, unsigned bits) {
    number(0, 4);
    number(sub_layers, 3);
    number(1, 1);
    // The profile has zeros, which emulation prevention must break.
    number(0, 88);
    number(90, 8);
    for (unsigned i = 0; i < sub_layers; ++i) number(3, 2);
    if (sub_layers > 0) number(0, 2 * (8 - sub_layers));
    for (unsigned i = 0; i < sub_layers; ++i) number(0x5555, 96);
    unsigned_code(0);
    unsigned_code(1);
    unsigned_code(width);
    unsigned_code(height);
    number(0, 1);
    unsigned_code(bits - 8);
    unsigned_code(bits - 8);
    number(1, 8);
  }

  /// Returns the NAL unit.
  std::string bytes() const {
    std::string result = "\x42\x01"s;
    unsigned zeros = 0;
    for (std::size_t at = 0; at + 8 <= bits_.size(); at += 8) {
      const auto byte = static_cast<char>(std::stoul(bits_.substr(at, 8), nullptr, 2));
      if (zeros == 2 && static_cast<unsigned char>(byte) <= 3) {
        result += '\3';
        zeros = 0;
      }
      result += byte;
      zeros = byte == 0 ? zeros + 1 : 0;
    }
    return result;
  }

 private:
  void number(std::uint64_t value, unsigned count) {
    for (unsigned i = count; i-- > 0;) bits_ += i < 64 && (value >> i & 1) != 0 ? '1' : '0';
  }

  void unsigned_code(std::uint64_t value) {
    unsigned length = 0;
    while (((value + 1) >> (length + 1)) != 0) ++length;
    number(0, length);
    number(value + 1, length + 1);
  }

  std::string bits_;
};

}  // namespace

TEST_CASE("the frames of HEIC files are found, whatever their boxes say") {
  const auto frames = [](const char* name) {
    const std::string file = test::read_image_fixture(name);
    return worker::find_heif_frames(as_bytes(file)).value();
  };
  CHECK(frames("rgb.heic").pixels_max == 64 * 64);
  CHECK(frames("rgb.heic").deep_pixels_max == 0);
  CHECK(frames("10bit.heic").pixels_max == 0);
  CHECK(frames("10bit.heic").deep_pixels_max == 64 * 64);
  CHECK(frames("grid.heic").canvas_pixels_max == 120 * 60);
  CHECK(frames("rgb.heic").canvas_pixels_max == 64 * 48);
  CHECK(frames("turned.heic").canvas_pixels_max == 0);
  CHECK(frames("large_frame.heic").pixels_max == 2048 * 2048);
}

TEST_CASE("a parameter set is read wherever it is, with sub-layers and emulation prevention") {
  const unsigned sub_layers = GENERATE(0U, 1U, 6U);
  const std::string file = "x" + ParameterSet(sub_layers, 8000, 6000, 8).bytes() + "y" +
                           ParameterSet(sub_layers, 640, 480, 12).bytes() + "z";
  const auto frames = worker::find_heif_frames(as_bytes(file)).value();
  CAPTURE(sub_layers);
  CHECK(frames.pixels_max == 8000 * 6000);
  CHECK(frames.deep_pixels_max == 640 * 480);
}

TEST_CASE("a parameter set that is cut or impossible doesn't count") {
  const std::string set = ParameterSet(0, 640, 480, 8).bytes();
  const auto pixels = [](const std::string& file) {
    return worker::find_heif_frames(as_bytes(file)).value().pixels_max;
  };
  CHECK(pixels(set) == 640 * 480);
  CHECK(pixels(set.substr(0, 20)) == 0);
  CHECK(pixels(ParameterSet(0, 1 << 20, 480, 8).bytes()) == 0);
  CHECK(pixels(ParameterSet(0, 640, 480, 17).bytes()) == 0);
  CHECK(pixels("") == 0);
}

TEST_CASE("a grid or an overlay that is larger than its properties say takes no memory") {
  const std::string file = test::read_image_fixture("grid.heic");
  if (!test::is_read(file)) return;
  const std::size_t canvas = file.find("\0\0\0\1\0\x78\0\x3C"s);
  REQUIRE(canvas != std::string::npos);
  const std::string grid = test::patched(file, canvas + 4, "\x3F\xFF\x3F\xFF");
  CHECK(test::refusal_of(grid).reason == protocol::RefusalReason::too_many_pixels);
  // An overlay has the color behind its parts first, and needs more bytes.
  std::string overlay = test::patched(file, file.find("grid"), "iovl");
  overlay = test::patched(overlay, overlay.find("iloc") + 22, "\0\0\0\x16"s);
  overlay = test::patched(overlay, canvas + 10, "\x3F\xFF\x3F\xFF");
  CHECK(test::refusal_of(overlay).reason == protocol::RefusalReason::too_many_pixels);
}

TEST_CASE("derived images that are stored in an unusual way are refused") {
  const std::string file = test::read_image_fixture("grid.heic");
  const std::size_t locations = file.find("iloc") + 4;
  const auto [offset, bytes] = GENERATE_COPY(table<std::size_t, std::string>({
      {locations, "\3"s},         // an unknown version
      {locations + 6, "\0\0"s},   // no locations
      {locations + 12, "\0\2"s},  // two extents
      {locations + 14, "\x7F"s},  // behind the file
      {locations + 4, "\xFF"s},   // numbers of 15 bytes
  }));
  CAPTURE(offset);
  CHECK_FALSE(worker::find_heif_frames(as_bytes(test::patched(file, offset, bytes))));
  const std::size_t start = file.find("meta") - 4;
  const std::string twice = file + file.substr(start, file.find("mdat") - 4 - start);
  CHECK_FALSE(worker::find_heif_frames(as_bytes(twice)));
}

TEST_CASE("a HEIC that contains an AVIF image is refused") {
  std::string file = test::read_image_fixture("thumbnail.avif");
  for (std::size_t at = 0; (at = file.find("avif", at)) != file.npos; ++at) {
    file.replace(at, 4, "heic");
  }
  if (!test::is_read(file)) return;
  CHECK(test::refusal_of(file).detail ==
        "The HEIC contains an AVIF image. Save it as AVIF or JPEG.");
}

TEST_CASE("the memory of a HEIC counts each pixel, and more for more bits") {
  const auto [name, bytes] = GENERATE(
      table<std::string, std::size_t>({{"rgb.heic", 12 * 64 * 64}, {"10bit.heic", 20 * 64 * 64}}));
  CAPTURE(name);
  const std::string file = test::read_image_fixture(name);
  if (!test::is_read(file)) return;
  worker::DecodeLimits limits;
  limits.memory_bytes_max = (std::size_t{8} << 20) + bytes;
  CHECK(std::holds_alternative<worker::Image>(test::decode_upright(as_bytes(file), limits, true)));
  --limits.memory_bytes_max;
  CHECK(test::refusal_of(file, limits).reason == protocol::RefusalReason::too_many_pixels);
}

}  // namespace samoyed
