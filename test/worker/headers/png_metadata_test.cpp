#include "worker/headers/png_metadata.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <zlib.h>

#include <catch2/catch.hpp>

#include "support/bytes.hpp"

using namespace samoyed;
using namespace std::string_literals;

namespace {

/// A chunk whose checksum is wrong. The reader checks none.
std::string chunk(std::string_view type, std::string_view content) {
  const auto length = content.size();
  std::string bytes{static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                    static_cast<char>(length >> 8), static_cast<char>(length)};
  return bytes.append(type).append(content).append(4, '\0');
}

/// A PNG of these chunks, without what the reader doesn't look at.
std::string png(std::string_view chunks) {
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", std::string(13, '\0')).append(chunks);
}

/// A little-endian EXIF block with one tag: the orientation.
std::string exif(char orientation) {
  return chunk("eXIf",
               "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0"s + orientation + std::string(7, '\0'));
}

std::string xmp(char orientation) {
  return "<x:xmpmeta tiff:Orientation=\""s + static_cast<char>('0' + orientation) + "\"/>";
}

std::string deflated(std::string_view text) {
  std::string out(compressBound(text.size()), '\0');
  uLongf size = out.size();
  REQUIRE(compress(reinterpret_cast<Bytef*>(out.data()), &size,
                   reinterpret_cast<const Bytef*>(text.data()), text.size()) == Z_OK);
  return out.substr(0, size);
}

int orientation_of(const std::string& file) {
  return worker::png_orientation(test::as_bytes(file));
}

const std::string pixels = chunk("IDAT", "");
const std::string end = chunk("IEND", "");
const std::string xmp_keyword = "XML:com.adobe.xmp\0"s;

TEST_CASE("a PNG's orientation may precede its pixels or follow them") {
  CHECK(orientation_of(png(pixels + end)) == 1);
  CHECK(orientation_of(png(exif(6) + pixels + end)) == 6);
  CHECK(orientation_of(png(pixels + exif(6) + end)) == 6);
  CHECK(orientation_of(png(pixels + chunk("tEXt", xmp_keyword + xmp(3)) + end)) == 3);
}

TEST_CASE("what follows a PNG's end isn't read") {
  CHECK(orientation_of(png(pixels + end + exif(6))) == 1);
  CHECK(orientation_of(png(pixels + end + chunk("tEXt", xmp_keyword + xmp(3)))) == 1);
}

TEST_CASE("the orientation of a PNG's second frame isn't that of the first one") {
  const std::string frame = chunk("fcTL", std::string(26, '\0'));
  CHECK(orientation_of(png(frame + pixels + exif(6) + end)) == 6);
  CHECK(orientation_of(png(frame + pixels + frame + exif(6) + end)) == 1);
}

TEST_CASE("a PNG's text that is compressed by an unknown method isn't read") {
  const auto text = [](char method) {
    return chunk("iTXt", xmp_keyword + "\1"s + method + "\0\0"s + deflated(xmp(8)));
  };
  CHECK(orientation_of(png(text(0) + pixels + end)) == 8);
  CHECK(orientation_of(png(text(1) + pixels + end)) == 1);
}

}  // namespace
