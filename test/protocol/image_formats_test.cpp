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
  CHECK(format_of("\0\0\0\x0CjP  \r\n\x87\n\0\0"sv) == "JPEG 2000");
  CHECK(format_of("\xFF\x4F\xFF\x51\0"sv) == "JPEG 2000");
  CHECK(format_of("P1 "sv) == "PNM");
  CHECK(format_of("P6\n# a comment"sv) == "PNM");
  CHECK(format_of("8BPS\0\1"sv) == "PSD");
  CHECK(format_of("\0\0\1\0\1\0"sv) == "ICO");
  CHECK(format_of("\0\0\2\0\1\0"sv) == "ICO");
  CHECK(format_of("\x28\0\0\0\x13\0\0\0\x0D\0\0\0\1\0\x18\0"sv) == "DIB");
  CHECK(format_of("\x0C\0\0\0\x13\0\x0D\0\1\0\x18\0\0\0\0\0"sv) == "DIB");
  CHECK(format_of("\0\0\2\0\0\0\0\0\0\0\0\0\x13\0\x0D\0\x18\0"sv) == "TGA");
  CHECK(format_of("\5\1\x09\0\0\0\1\x18\0\0\0\0\x13\0\x0D\0\x08\x20"sv) == "TGA");
  CHECK(format_of("\0\0\0\x1C"
                  "ftypavif\0\0\0\0mif1avif"sv) == "AVIF");
  CHECK(format_of("\0\0\0\x1C"
                  "ftypmif1\0\0\0\0avifmiaf"sv) == "AVIF");
  CHECK(format_of("\0\0\0\x18"
                  "ftypheic\0\0\0\0mif1heic"sv) == "HEIC");
  CHECK(format_of("\0\0\0\x18"
                  "ftypmif1\0\0\0\0heic"sv) == "HEIC");
  for (const auto other : {"RIFF\0\0\0\0WAVE"sv,
                           "RIFF\0\0\0\0WEB"sv,
                           "RIFF"sv,
                           "GIF88a"sv,
                           "\0\0\0\x18"
                           "ftypisom\0\0\0\0mp42"sv,
                           "\0\0\0\x10"
                           "ftypmp42\0\0\0\0heic"sv,
                           "\0\0\0\x18"
                           "ftypmp42heicisom"sv,
                           "\0\0\0\x18"
                           "ftyp"sv,
                           "\0\0\0\x0CjP  \r\n\x87"sv,
                           "\xFF\x4F\xFF\x52"sv,
                           "P7\n"sv,
                           "P"sv,
                           "P6"sv,
                           "P6x"sv,
                           "8BPS\0\2"sv,
                           "\0\0\1\0\0\0"sv,
                           "\0\0\3\0\1\0"sv,
                           "\x28\0\0\0\x13\0\0\0\x0D\0\0\0\2\0\x18\0"sv,
                           "\0\0\2\0\0\0\0\0\0\0\0\0\x13\0\0\0\x18\0"sv,
                           "\0\0\2\0\0\0\0\0\0\0\0\0\x13\0\x0D\0\x19\0"sv,
                           "II*"sv,
                           "IIII"sv,
                           "\xFF\xD8"sv,
                           "<svg/>"sv,
                           ""sv}) {
    CAPTURE(other);
    CHECK(find_image_format(other) == nullptr);
  }
}

TEST_CASE("a TGA whose unused palette fields hold something is no ICO") {
  // A color file of 19x13 pixels with 24 bits that has no palette, but says what one would be like.
  const std::string fields{"\0\0\2\0\1\0\1\x18\0\0\0\0\x13\0\x0D\0\x18\0"sv};
  for (const char pixel : {'\0', '\x20', '\xFF'}) {
    CAPTURE(static_cast<int>(pixel));
    CHECK(format_of(fields + std::string(19 * 13 * 3, pixel)) == "TGA");
  }
  CHECK(format_of(fields) == "TGA");
}

TEST_CASE("an ICO whose fields could be those of a TGA is an ICO") {
  // One image of 0x100100 bytes; a TGA has its height and its bits per pixel in the place of this
  // size.
  std::string icon{"\0\0\2\0\1\0\x20\x20\0\0\x18\0\x18\0\0\1\x10\0\x16\0\0\0"sv};
  CHECK(format_of(icon + "\x28") == "ICO");
  // Without the image that the table names it could only be a TGA.
  CHECK(format_of(icon) == "TGA");
  icon[18] = '\x15';  // The image would begin in the table.
  CHECK(format_of(icon + "\x28") == "TGA");
}

TEST_CASE("the names of the image formats are listed as in a sentence") {
  CHECK(accepted_formats ==
        "JPEG, PNG, BMP, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000, PNM, PSD, ICO, DIB or TGA");
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

TEST_CASE("a set of image formats is written as the ids of its formats") {
  const std::vector<std::string> all = image_format_ids(all_image_formats);
  CHECK(all.size() == image_formats.size());
  CHECK(image_format_set(all).all());
  CHECK(image_format_ids(original_image_formats) ==
        std::vector<std::string>{"jpeg", "png", "bmp", "webp"});
  const std::vector<std::string> some{"unknown", "gif"};
  CHECK(image_format_ids(image_format_set(some)) == std::vector<std::string>{"gif"});
  CHECK(contains(image_format_set(some), *find_image_format("GIF89a")));
  CHECK_FALSE(contains(original_image_formats, *find_image_format("GIF89a")));
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
