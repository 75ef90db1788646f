#include <algorithm>
#include <cctype>
#include <cstddef>
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
    .side_px_max = 4096, .pixels_max = 1 << 20, .memory_bytes_max = 16 << 20, .jpeg_scans_max = 20};

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
          refusal.reason == RefusalReason::too_many_pixels) &&
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

TEST_CASE("damaged files give an image or a refusal", "[image]") {
  const std::string name = GENERATE(from_range(test::image_fixtures));
  const std::string file = test::read_image_fixture(name);
  test::Noise noise(static_cast<std::uint32_t>(file.size()));
  for (int i = 0; i < mutants_per_file; ++i) {
    const std::string mutant = mutated(file, noise);
    CAPTURE(name, i);
    REQUIRE(is_sound(test::decode_upright(test::as_bytes(mutant), mutant_limits, true)));
  }
}

}  // namespace samoyed
