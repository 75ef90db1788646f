#include "web/views/image_type.hpp"

#include <string_view>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("only images are shown again") {
  using namespace std::string_view_literals;
  CHECK(browser_image_type("\xFF\xD8\xFF\xE0"sv) == "image/jpeg");
  CHECK(browser_image_type("\x89PNG\r\n\x1A\n..."sv) == "image/png");
  CHECK(browser_image_type("BM...."sv) == "image/bmp");
  CHECK(browser_image_type("RIFF\0\0\0\0WEBPVP8 "sv) == "image/webp");
  CHECK(browser_image_type("RIFF\0\0\0\0WAVE"sv).empty());
  CHECK(browser_image_type("<svg onload=alert(1)>"sv).empty());
  CHECK(browser_image_type("<html>"sv).empty());
  CHECK(browser_image_type(""sv).empty());
}

}  // namespace
}  // namespace samoyed::web
