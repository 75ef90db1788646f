#include "samoyed/protocol/file_kind.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace samoyed::protocol {

using namespace std::string_literals;

TEST_CASE("files that are no images are named", "[file kind]") {
  const auto [file, name] = GENERATE(table<std::string, std::string>({
      {"\0\0\0\x18"s + "ftypmp42", "a video (MP4)"},
      {"\0\0\0\x14"s + "ftypqt  ", "a video (QuickTime)"},
      {"\0\0\0\x18"s + "ftypheic", "a HEIC image"},
      {"\0\0\0\x0CJXL \r\n\x87\n"s, "a JPEG XL image"},
      {"\xFF\x0A\xFA\x1F", "a JPEG XL image"},
      {"\x1A\x45\xDF\xA3\x01", "a video (Matroska or WebM)"},
      {"RIFF\4\0\0\0AVI LIST"s, "a video (AVI)"},
      {"RIFF\4\0\0\0WAVE"s, "a sound file (WAV)"},
      {"%PDF-1.7", "a PDF"},
      {"PK\3\4....", "a ZIP archive or an Office document"},
      {"\x1F\x8B\x08", "a gzip file"},
      {std::string(257, 'x') + "ustar", "a tar archive"},
      {"<!DOCTYPE html>\n<title>", "an HTML page"},
      {"\xEF\xBB\xBF  <HTML>", "an HTML page"},
      {"<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg xmlns=", "an SVG drawing"},
      {"<?xml version=\"1.0\"?><feed>", "an XML file"},
      {"<svg", "an SVG drawing"},
      {"a sentence with <html in it", ""},
      {"<" + std::string(1100, ' ') + "<svg", ""},
      {"hello, world", ""},
      {"B", ""},
      {"", ""},
  }));
  CAPTURE(file);
  CHECK(find_file_kind(file) == name);
}

}  // namespace samoyed::protocol
