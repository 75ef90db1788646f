#include "web/http/request_check.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

/// Tests the checks without the parser behind them, which rejects most of this too.
namespace samoyed::web {
namespace {

using namespace std::string_view_literals;

Request request_with(Fields fields) {
  fields.push_back({"Host", "x"});
  return {"POST", "/", 11, std::move(fields), {}};
}

HeaderScan::State scan(std::string_view bytes) { return HeaderScan().scan(bytes); }

TEST_CASE("a Content-Length that isn't a plain number is rejected") {
  for (const std::string length : {"", "+3", "-3", "3,3", "3 ", "0x3", "3a"}) {
    CAPTURE(length);
    CHECK(check_head(request_with({{"Content-Length", length}})));
  }
  CHECK_FALSE(check_head(request_with({{"Content-Length", "3"}})));
  CHECK(check_head(request_with({{"Content-Length", "3"}, {"Content-Length", "3"}})));
}

TEST_CASE("control characters, bare line ends and folded lines make a header bad") {
  for (const std::string_view bad :
       {"A: \0\r\n\r\n"sv, "A: \x0b\r\n\r\n"sv, "A: \x7f\r\n\r\n"sv, "A: b\rc\r\n\r\n"sv,
        "A: b\n\r\n"sv, "A: b\r\n c\r\n\r\n"sv, "A: b\r\n\tc\r\n\r\n"sv}) {
    CAPTURE(bad);
    CHECK(scan(bad) == HeaderScan::State::bad);
  }
  CHECK(scan("A: b\tc\r\n\r\n") == HeaderScan::State::complete);
  CHECK(scan("A: b\r\n\r") == HeaderScan::State::need_more);
}

}  // namespace
}  // namespace samoyed::web
