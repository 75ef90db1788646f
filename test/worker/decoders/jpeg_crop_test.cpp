#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/result.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/crop.hpp"
#include "worker/test_images/image_fixtures.hpp"
#include "worker/test_images/jpeg_maker.hpp"

/// Only the part of a JPEG that the crop needs is decoded, and it has the same pixels as in the
/// whole image.
namespace samoyed {

namespace {

using protocol::Refusal;
using worker::DecodedImage;
using worker::DecodeOptions;
using worker::DecodeResult;
using worker::Image;
using worker::Region;

DecodeResult decode(const std::string& file, const DecodeOptions& options) {
  return worker::decode_image(test::as_bytes(file), {}, options);
}

Image network_input(const DecodedImage& image, const worker::CropSpec& crop_spec = {}) {
  worker::Resizer resizer;
  return resizer.resize_and_crop(image, crop_spec);
}

/// Whether the part and the whole have the same pixels everywhere in the region.
bool same_pixels(const DecodedImage& part, const DecodedImage& whole, const Region& region) {
  const auto row_of = [&](const DecodedImage& image, int y) {
    const auto pixel =
        static_cast<std::size_t>(y - image.top) * static_cast<std::size_t>(image.pixels.width) +
        static_cast<std::size_t>(region.left - image.left);
    return image.pixels.rgb.begin() + static_cast<std::ptrdiff_t>(3 * pixel);
  };
  for (int y = region.top; y < region.top + region.height; ++y) {
    const auto row = row_of(part, y);
    if (!std::equal(row, row + 3 * region.width, row_of(whole, y))) return false;
  }
  return true;
}

/// Checks that the file is decoded both ways with the same result, or refused both ways for the
/// same reason.
void check_both_ways(const std::string& file, bool reduced = false,
                     const worker::CropSpec& crop_spec = {}) {
  const auto all = decode(file, {.reduced = reduced, .crop_spec = crop_spec});
  const auto some = decode(file, {.only_crop = true, .reduced = reduced, .crop_spec = crop_spec});
  REQUIRE(all.index() == some.index());
  if (const auto* const refusal = std::get_if<Refusal>(&all)) {
    REQUIRE(*refusal == std::get<Refusal>(some));
    return;
  }
  const auto& whole = std::get<DecodedImage>(all);
  const auto& part = std::get<DecodedImage>(some);
  REQUIRE(part.full == whole.full);
  REQUIRE(part.decoded == whole.decoded);
  REQUIRE(part.orientation == whole.orientation);
  REQUIRE(
      same_pixels(part, whole, worker::crop_region(whole.decoded, whole.orientation, crop_spec)));
  REQUIRE((network_input(part, crop_spec) == network_input(whole, crop_spec)));
}

/// Sizes near those of the blocks, sizes where the crop leaves nothing out, and sizes where it
/// leaves out much.
const std::vector<worker::Size> sizes = {
    {1, 1},     {2, 3},     {7, 9},     {16, 16},   {17, 33},   {31, 64},   {65, 48},   {129, 97},
    {200, 131}, {255, 257}, {300, 199}, {301, 450}, {448, 449}, {511, 330}, {640, 101}, {90, 777},
};

}  // namespace

TEST_CASE("a part of a JPEG of any kind and size has the pixels of the whole", "[image]") {
  for (const test::JpegKind& kind : test::jpeg_kinds()) {
    for (const worker::Size& size : sizes) {
      CAPTURE(kind.name, size.width, size.height);
      check_both_ways(test::make_jpeg(kind, size));
    }
  }
}

TEST_CASE("a part of a JPEG has the pixels that other networks need", "[image]") {
  for (const worker::CropSpec& crop_spec :
       {worker::CropSpec{32, 32, 7}, worker::CropSpec{384, 384, 384, worker::Resampling::bicubic},
        worker::CropSpec{342, 299, 31, worker::Resampling::bicubic}}) {
    for (const test::JpegKind& kind : test::jpeg_kinds()) {
      for (const worker::Size& size : sizes) {
        CAPTURE(kind.name, size.width, size.height, crop_spec.short_side_px);
        check_both_ways(test::make_jpeg(kind, size, 1), false, crop_spec);
        check_both_ways(test::make_jpeg(kind, size, 6), true, crop_spec);
      }
    }
  }
}

TEST_CASE("a part of a JPEG is the right part of the upright image", "[image]") {
  for (const test::JpegKind& kind : test::jpeg_kinds()) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      CAPTURE(kind.name, orientation);
      const std::string file = test::make_jpeg(kind, {433, 262}, orientation);
      check_both_ways(file);
      const auto some = decode(file, {.only_crop = true});
      REQUIRE(std::holds_alternative<DecodedImage>(some));
      REQUIRE(std::get<DecodedImage>(some).orientation == orientation);
      const auto upright = test::decode_upright(test::as_bytes(file), {}, true);
      const Image expected = test::resize_and_crop(std::get<Image>(upright));
      REQUIRE((network_input(std::get<DecodedImage>(some)) == expected));
    }
  }
}

TEST_CASE("only a part of a JPEG is decoded", "[image]") {
  const auto some =
      decode(test::make_jpeg(test::jpeg_kinds().at(2), {900, 400}), {.only_crop = true});
  const Image& pixels = std::get<DecodedImage>(some).pixels;
  // 400 * 224 / 256 = 350, plus two pixels of filter and two of chroma on each side, plus the rest
  // of a block on the left.
  CHECK(pixels.height <= 350 + 10);
  CHECK(pixels.width <= 350 + 10 + 16);
}

TEST_CASE("a part of a reduced JPEG has the pixels of the whole reduced one", "[image]") {
  for (const test::JpegKind& kind : test::jpeg_kinds()) {
    CAPTURE(kind.name);
    check_both_ways(test::make_jpeg(kind, {1025, 1037}), true);
  }
  for (const worker::Size& size : {worker::Size{2049, 2050}, worker::Size{4097, 4100}}) {
    CAPTURE(size.width, size.height);
    check_both_ways(test::make_jpeg(test::jpeg_kinds().at(2), size), true);
  }
}

TEST_CASE("only a JPEG whose short side stays long enough is reduced", "[image]") {
  const auto [size, decoded] = GENERATE(table<worker::Size, worker::Size>({
      {{1023, 1500}, {1023, 1500}},
      {{1024, 1501}, {512, 751}},
      {{3001, 2047}, {1501, 1024}},
      {{2048, 2049}, {512, 513}},
      {{4096, 4100}, {512, 513}},
  }));
  CAPTURE(size.width, size.height);
  const std::string file = test::make_jpeg(test::jpeg_kinds().at(2), size);
  const auto result = decode(file, {.only_crop = true, .reduced = true});
  REQUIRE(std::holds_alternative<DecodedImage>(result));
  const auto& image = std::get<DecodedImage>(result);
  CHECK(image.full == size);
  CHECK(image.decoded == decoded);
  if (decoded == size) {
    CHECK((network_input(image) ==
           network_input(std::get<DecodedImage>(decode(file, {.only_crop = true})))));
  }
}

TEST_CASE("a JPEG that ends early is refused, whichever part of it is wanted", "[image]") {
  for (const test::JpegKind& kind : test::jpeg_kinds()) {
    const std::string file = test::make_jpeg(kind, {60, 131});
    CAPTURE(kind.name);
    // Try every length near the end, where only rows below the crop are missing, and some of the
    // others.
    for (std::size_t length = 0; length < file.size();
         length += length + 400 < file.size() ? 97 : 1) {
      CAPTURE(length);
      check_both_ways(file.substr(0, length));
    }
    const bool last_scan_is_whole = kind.progressive || kind.apart;
    if (!last_scan_is_whole) {
      CHECK(std::holds_alternative<Refusal>(
          decode(file.substr(0, file.size() - 40), {.only_crop = true})));
    }
  }
}

TEST_CASE("a damaged JPEG gives the same result, whichever part of it is wanted", "[image]") {
  for (const test::JpegKind& kind : test::jpeg_kinds()) {
    const std::string file = test::make_jpeg(kind, {301, 203});
    const std::size_t scan = file.find("\xFF\xDA");
    test::Noise noise(static_cast<std::uint32_t>(file.size()));
    for (int i = 0; i < 40; ++i) {
      CAPTURE(kind.name, i);
      std::string mutant = file;
      for (int change = 0; change <= i % 3; ++change) {
        mutant[scan + noise.next() / 7 % (file.size() - scan)] = static_cast<char>(noise.byte());
      }
      check_both_ways(mutant);
    }
  }
}

TEST_CASE("a part of each shared JPEG has the pixels of the whole", "[image][shared]") {
  const std::string shared = SAMOYED_SHARED_DIR;
  if (shared.empty()) {
    WARN("skipped for want of ../shared: JPEGs in part");
    return;
  }
  int images = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared + "/images")) {
    if (!entry.is_regular_file()) continue;
    CAPTURE(entry.path().string());
    const std::string file = test::read_file(entry.path().string());
    check_both_ways(file);
    check_both_ways(file, true);
    ++images;
  }
  CHECK(images >= 99);
}

}  // namespace samoyed
