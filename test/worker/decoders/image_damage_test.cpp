#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "samoyed/protocol/result.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

using protocol::Refusal;
using protocol::RefusalReason;
using worker::Image;

constexpr int mutants_per_file = 1000;

/// Small enough that a mutant's new size in its header takes the test no time.
constexpr worker::DecodeLimits mutant_limits{
    .side_px_max = 4096, .pixels_max = 1 << 20, .memory_bytes_max = 16 << 20};

/// Whether a detail can be the message of an answer. Otherwise it could be mistaken for the `LABEL
/// -PROBABILITY` of a result, or break out of a quoted string.
bool is_plain_sentence(const std::string& detail) {
  if (detail.empty() || detail.back() != '.') return false;
  if (detail.find_first_of("\"\r\n") != std::string::npos) return false;
  for (std::size_t at = detail.find(" -"); at != std::string::npos;
       at = detail.find(" -", at + 1)) {
    const std::string next = detail.substr(at + 2, 4);
    if (next.size() == 4 && std::all_of(next.begin(), next.end(),
                                        [](unsigned char c) { return std::isdigit(c) != 0; })) {
      return false;
    }
  }
  return true;
}

/// Whether the result is a whole image or a proper refusal. No bytes may lead to anything else.
bool is_sound(const std::variant<Image, Refusal>& result) {
  if (const auto* const image = std::get_if<Image>(&result)) {
    return image->width > 0 && image->height > 0 &&
           image->rgb.size() ==
               static_cast<std::size_t>(image->width) * static_cast<std::size_t>(image->height) * 3;
  }
  const auto& refusal = std::get<Refusal>(result);
  return (refusal.reason == RefusalReason::unreadable ||
          refusal.reason == RefusalReason::too_many_pixels ||
          refusal.reason == RefusalReason::too_slow) &&
         is_plain_sentence(refusal.detail);
}

/// Returns the file with one to four bytes changed, each by a flipped bit or to a random or extreme
/// value. Sometimes a piece is cut out or doubled.
std::string mutated(std::string file, test::Noise& noise) {
  const auto pick = [&](std::size_t count) { return (noise.next() >> 8) % count; };
  for (std::size_t changes = 1 + pick(4); changes > 0; --changes) {
    char& byte = file[pick(file.size())];
    switch (pick(4)) {
      case 0:
        byte = static_cast<char>(byte ^ (1 << pick(8)));
        break;
      case 1:
        byte = static_cast<char>(noise.byte());
        break;
      case 2:
        byte = '\xFF';
        break;
      default:
        byte = '\0';
    }
  }
  if (pick(8) == 0) {
    const std::size_t from = pick(file.size());
    const std::string piece = file.substr(from, 1 + pick(64));
    if (pick(2) == 0) {
      file.insert(from, piece);
    } else {
      file.erase(from, piece.size());
    }
  }
  return file;
}

}  // namespace

TEST_CASE("a file cut at any length is refused, unless it still has all its pixels", "[image]") {
  const std::string name = GENERATE(from_range(test::image_fixtures));
  const std::string file = test::read_image_fixture(name);
  const Image whole = test::read_expected_image(name);
  for (std::size_t length = 0; length < file.size(); ++length) {
    const std::string cut = file.substr(0, length);
    const auto result = test::decode_upright(test::as_bytes(cut), {}, true);
    CAPTURE(name, length);
    REQUIRE(is_sound(result));
    if (const auto* const image = std::get_if<Image>(&result)) REQUIRE((*image == whole));
    if (length < file.size() / 2) REQUIRE(std::holds_alternative<Refusal>(result));
  }
}

TEST_CASE("a file cut at any length is accepted on request if its header is whole", "[image]") {
  const std::string name = GENERATE(
      "rgb_420.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "interlaced.png", "palette.png",
      "interlaced_palette.png", "lossy.webp", "lossless.webp", "rgb.bmp", "run_length_8.bmp",
      "palette.gif", "interlaced.gif", "small_frame.gif", "rgb.dib", "palette.ico", "png.ico");
  const std::string file = test::read_image_fixture(name);
  if (!test::is_read(file)) return;
  const auto size_of_whole = test::read_expected_image(name);
  std::size_t accepted = 0;
  for (std::size_t length = 0; length <= file.size(); ++length) {
    CAPTURE(name, length);
    const std::string cut = file.substr(0, length);
    const auto strict = test::decode_upright(test::as_bytes(cut), {}, true);
    const auto result = worker::decode_image(test::as_bytes(cut), {}, {.accept_truncated = true});
    const auto* const image = std::get_if<worker::DecodedImage>(&result);
    if (image == nullptr) {
      REQUIRE(std::holds_alternative<Refusal>(strict));
      continue;
    }
    REQUIRE(image->full == worker::Size{size_of_whole.width, size_of_whole.height});
    if (image->truncated) REQUIRE(std::holds_alternative<Refusal>(strict));
    accepted += image->truncated ? 1 : 0;
    if (!image->truncated) REQUIRE((image->pixels == size_of_whole));
  }
  CAPTURE(name);
  CHECK(accepted > 0);
}

TEST_CASE("a JPEG that ends in its header is incomplete even if truncated files are accepted",
          "[image]") {
  const std::string file = test::read_image_fixture("rgb_420.jpg").substr(0, 100);
  const auto result = worker::decode_image(test::as_bytes(file), {}, {.accept_truncated = true});
  REQUIRE(std::holds_alternative<Refusal>(result));
  CHECK(std::get<Refusal>(result) == Refusal{RefusalReason::unreadable, "The JPEG is incomplete."});
}

TEST_CASE("what a truncated file doesn't contain is gray", "[image]") {
  const auto [name, kept] = GENERATE(table<std::string, double>({{"tall_420.jpg", 0.6},
                                                                 {"rgb.png", 0.5},
                                                                 {"palette.png", 0.9},
                                                                 {"interlaced.png", 0.4},
                                                                 {"tall.webp", 0.6},
                                                                 {"tall_lossless.webp", 0.6},
                                                                 {"rgb.bmp", 0.5},
                                                                 {"grey.png", 0.6},
                                                                 {"tall.gif", 0.6},
                                                                 {"tall_interlaced.gif", 0.6},
                                                                 {"rgb.dib", 0.5},
                                                                 {"png.ico", 0.7}}));
  CAPTURE(name);
  const std::string file = test::read_image_fixture(name);
  if (!test::is_read(file)) return;
  const std::string cut = file.substr(0, static_cast<std::size_t>(double(file.size()) * kept));
  const Image whole = test::read_expected_image(name);
  const auto result = test::decode_upright(test::as_bytes(cut), {}, true, true);
  REQUIRE(std::holds_alternative<Image>(result));
  const Image& image = std::get<Image>(result);
  // Some pixels are those of the whole image, and the others are gray.
  std::size_t same = 0;
  std::size_t gray = 0;
  for (std::size_t at = 0; at < image.rgb.size(); at += 3) {
    const auto pixel = image.rgb.begin() + static_cast<std::ptrdiff_t>(at);
    const auto right = whole.rgb.begin() + static_cast<std::ptrdiff_t>(at);
    same += std::equal(pixel, pixel + 3, right) ? 1 : 0;
    gray += std::all_of(pixel, pixel + 3, [](int level) { return level == worker::gray_level; });
  }
  CHECK(same > 0);
  CHECK(gray > 0);
}

TEST_CASE("damaged files give an image or a refusal", "[image]") {
  const std::string name = GENERATE(from_range(test::image_fixtures));
  const std::string file = test::read_image_fixture(name);
  const bool accept_truncated = GENERATE(false, true);
  test::Noise noise(static_cast<std::uint32_t>(file.size()));
  for (int i = 0; i < mutants_per_file; ++i) {
    const std::string mutant = mutated(file, noise);
    CAPTURE(name, i);
    REQUIRE(is_sound(
        test::decode_upright(test::as_bytes(mutant), mutant_limits, true, accept_truncated)));
  }
}

TEST_CASE("a PNG that is decoded at once gives the same as row by row, damaged too", "[image]") {
  const std::string name = GENERATE("rgb.png", "rgba.png", "xmp_behind.png", "no_iend.png");
  const std::string file = test::read_image_fixture(name);
  worker::DecodeLimits by_rows = mutant_limits;
  by_rows.cpu_max = std::chrono::milliseconds(499);  // Decoding at once may take longer.
  REQUIRE(by_rows.cpu_max < mutant_limits.cpu_max);
  test::Noise noise(static_cast<std::uint32_t>(file.size()));
  for (int i = 0; i < mutants_per_file; ++i) {
    const std::string mutant = i == 0 ? file : mutated(file, noise);
    CAPTURE(name, i);
    REQUIRE((test::decode_upright(test::as_bytes(mutant), mutant_limits, true) ==
             test::decode_upright(test::as_bytes(mutant), by_rows, true)));
  }
}

}  // namespace samoyed
