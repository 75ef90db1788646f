#include "web/http/request_id.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("only safe request ids are accepted") {
  CHECK(is_request_id("a"));
  CHECK(is_request_id("7b7e6a3e-5b0a-4c0e-9f5e-0c1a2b3c4d5e"));
  CHECK(is_request_id("Root=1-67891233-abcdef012345678912345678;x/y+z=="));
  CHECK(is_request_id(std::string(request_id_length_max, 'x')));
  CHECK_FALSE(is_request_id(std::string(request_id_length_max + 1, 'x')));
  const std::string bad =
      GENERATE("", "a b", "a\"b", "a'b", "a`b", "a\\b", "<a", "a>", "a\tb", "a\x7f", "\xc3\xa4");
  INFO(bad);
  CHECK_FALSE(is_request_id(bad));
}

}  // namespace
}  // namespace samoyed::web
