#include "web/views/image_type.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "samoyed/protocol/image_formats.hpp"
#include "samoyed_web_files.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

TEST_CASE("only images in accepted formats get a media type") {
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

TEST_CASE("the upload form accepts and names every accepted format") {
  const std::string page = form_page({});
  const std::string accept = "accept=\"" + protocol::image_accept_text() + '"';
  CHECK(page.find(accept) != page.npos);
  for (const protocol::ImageFormat& format : protocol::image_formats) {
    CAPTURE(format.name);
    CHECK(accept.find(format.media_type) != accept.npos);
    CHECK(accept.find("," + std::string(format.extensions.front())) != accept.npos);
  }
  CHECK(page.find(protocol::accepted_formats) != page.npos);
}

TEST_CASE("wherever openapi.json names one accepted format, it names them all") {
  const std::string_view text = files::openapi_json;
  const std::string first = std::string(protocol::image_formats.front().name) + ",";
  REQUIRE(text.find(first) != text.npos);
  for (std::size_t at = text.find(first); at != text.npos; at = text.find(first, at + 1)) {
    CAPTURE(text.substr(at, 60));
    CHECK(text.substr(at).starts_with(protocol::accepted_formats));
  }
}

}  // namespace samoyed::web
