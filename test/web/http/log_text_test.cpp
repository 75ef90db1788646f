#include "web/http/log_text.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("a client's text can't break a log line") {
  CHECK(log_text("/add/a:1?b=%20") == "/add/a:1?b=%20");
  CHECK(log_text("a b\n\x1B[1m\\\xFF") == "a\\x20b\\x0A\\x1B[1m\\x5C\\xFF");
  CHECK(log_text("") == "-");
  CHECK(log_text(std::string(5000, 'a')) == std::string(200, 'a') + "...");
}

}  // namespace
}  // namespace samoyed::web
