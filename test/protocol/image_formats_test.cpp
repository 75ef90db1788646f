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
  for (const auto other :
       {"RIFF\0\0\0\0WAVE"sv, "RIFF\0\0\0\0WEB"sv, "RIFF"sv, "\xFF\xD8"sv, "<svg/>"sv, ""sv}) {
    CAPTURE(other);
    CHECK(find_image_format(other) == nullptr);
  }
}

TEST_CASE("the names of the image formats are listed as in a sentence") {
  CHECK(accepted_formats == "JPEG, PNG, BMP or WebP");
}

TEST_CASE("image files are recognized by their extension, in upper or lower case") {
  for (const auto extension : {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".JPG", ".WebP"}) {
    CAPTURE(extension);
    CHECK(is_image_extension(extension));
  }
  for (const auto extension : {"", ".", "jpg", ".jp", ".txt", ".gif"}) {
    CAPTURE(extension);
    CHECK_FALSE(is_image_extension(extension));
  }
  CHECK(image_extensions_text() == ".jpg .jpeg .png .bmp .webp");
}

TEST_CASE("no two image formats share a name, a media type, a signature or an extension") {
  std::set<std::string_view> names, media_types, extensions;
  for (const ImageFormat& format : image_formats) {
    CAPTURE(format.name);
    CHECK(names.insert(format.name).second);
    CHECK(media_types.insert(format.media_type).second);
    REQUIRE_FALSE(format.extensions.front().empty());
    for (const std::string_view extension : format.extensions) {
      CHECK((extension.empty() || extensions.insert(extension).second));
    }
    std::string file(64, '\0');
    file.replace(0, format.signature.start.size(), format.signature.start);
    file.replace(format.signature.second_offset, format.signature.second.size(),
                 format.signature.second);
    CHECK(find_image_format(file) == &format);
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
