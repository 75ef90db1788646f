#include "samoyed/protocol/declared_pixels.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "support/bytes.hpp"

using namespace samoyed;
using namespace std::string_literals;
using protocol::declared_pixels;

TEST_CASE("the size that an image declares is found in its header") {
  struct Row {
    std::string name;
    std::string file;
    std::uint64_t pixels;
  };
  // Each with 640x480 pixels.
  const auto row = GENERATE(values<Row>({
      {"JPEG", "\xFF\xD8\xFF\xE0\0\x04xx\xFF\xFF\xC4\0\x02\xFF\xC2\0\x11\x08\x01\xE0\x02\x80"s,
       307200},
      {"PNG", "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xE0"s, 307200},
      {"WebP", "RIFFxxxxWEBPVP8 xxxxxxx\x9D\x01\x2A\x80\x02\xE0\x01"s, 307200},
      {"WebP, lossless", "RIFFxxxxWEBPVP8Lxxxx\x2F\x7F\xC2\x77\0"s, 307200},
      {"WebP, extended", "RIFFxxxxWEBPVP8Xxxxxxxxx\x7F\x02\0\xDF\x01\0"s, 307200},
      {"GIF", "GIF89a\x80\x02\xE0\x01"s, 307200},
      {"BMP", "BMxxxxxxxxxxxx\x28\0\0\0\x80\x02\0\0\xE0\x01\0\0"s, 307200},
      {"BMP, top down", "BMxxxxxxxxxxxx\x28\0\0\0\x80\x02\0\0\x20\xFE\xFF\xFF"s, 307200},
      {"BMP of OS/2", "BMxxxxxxxxxxxx\x0C\0\0\0\x80\x02\xE0\x01"s, 307200},
  }));
  INFO(row.name);
  CHECK(declared_pixels(test::as_bytes(row.file)) == row.pixels);
  for (std::size_t size = 0; size < row.file.size(); ++size) {
    INFO("cut after " << size);
    CHECK(!declared_pixels(test::as_bytes(row.file.substr(0, size))));
  }
}

TEST_CASE("a file of another kind declares no size") {
  CHECK(!declared_pixels({}));
  CHECK(!declared_pixels(test::as_bytes("8BPS and more")));
  CHECK(!declared_pixels(test::as_bytes("\xFF\xD8 no marker follows")));
}
