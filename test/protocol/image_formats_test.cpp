#include "samoyed/protocol/image_formats.hpp"

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace samoyed::protocol {
namespace {

using namespace std::string_view_literals;

/// Returns the name of the format detected from a file's first bytes, or an empty string.
std::string_view format_of(std::string_view file) {
  const ImageFormat* const format = find_image_format(file);
  return format == nullptr ? std::string_view() : format->name;
}

}  // namespace

TEST_CASE("image formats are detected by a file's first bytes") {
  CHECK(format_of("\xFF\xD8\xFF\xE0"sv) == "JPEG");
  CHECK(format_of("\x89PNG\r\n\x1A\n..."sv) == "PNG");
  CHECK(format_of("BM...."sv) == "BMP");
  CHECK(format_of("RIFF\0\0\0\0WEBPVP8 "sv) == "WebP");
  CHECK(format_of("GIF87a"sv) == "GIF");
  CHECK(format_of("GIF89a..."sv) == "GIF");
  for (const auto tiff : {"II*\0"sv, "MM\0*..."sv, "II+\0"sv, "MM\0+"sv})
    CHECK(format_of(tiff) == "TIFF");
  for (const auto other : {"RIFF\0\0\0\0WAVE"sv, "RIFF\0\0\0\0WEB"sv, "RIFF"sv, "GIF88a"sv, "II*"sv,
                           "IIII"sv, "\xFF\xD8"sv, "<svg/>"sv, ""sv}) {
    CAPTURE(other);
    CHECK(find_image_format(other) == nullptr);
  }
}

TEST_CASE("the names of the image formats are listed as in a sentence") {
  CHECK(accepted_formats == "JPEG, PNG, BMP, WebP, GIF or TIFF");
}

TEST_CASE("image files are recognized by their extension, in upper or lower case") {
  for (const auto extension : {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".JPG", ".WebP"}) {
    CAPTURE(extension);
    CHECK(is_image_extension(extension));
  }
  for (const auto extension : {"", ".", "jpg", ".jp", ".txt", ".mp4"}) {
    CAPTURE(extension);
    CHECK_FALSE(is_image_extension(extension));
  }
  CHECK(image_extensions_text().starts_with(".jpg .jpeg .png .bmp .webp .gif"));
}

TEST_CASE("no two image formats share a name, an id or an extension") {
  std::set<std::string_view> names, ids, extensions;
  for (const ImageFormat& format : image_formats) {
    CAPTURE(format.name);
    CHECK(names.insert(format.name).second);
    CHECK(ids.insert(format.id).second);
    CHECK(format.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == format.id.npos);
    CHECK(format.media_type.starts_with("image/"));
    REQUIRE_FALSE(format.extensions.front().empty());
    for (const std::string_view extension : format.extensions) {
      CHECK((extension.empty() || extensions.insert(extension).second));
    }
  }
}

TEST_CASE("PROTOCOL.md lists the image formats") {
  std::ifstream file(SAMOYED_SOURCE_DIR "/src/protocol/PROTOCOL.md");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::string names;
  for (const ImageFormat& format : image_formats) {
    if (!names.empty()) names += ", ";
    names += format.name;
  }
  CHECK(text.find("an accepted format (" + names + ")") != text.npos);
}

}  // namespace samoyed::protocol
