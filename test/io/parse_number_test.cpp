#include "samoyed/io/parse_number.hpp"

#include <cstdint>

#include <catch2/catch.hpp>

namespace samoyed::io {
namespace {

TEST_CASE("a number must be the whole text and fit its type") {
  CHECK(parse_number<int>("42") == 42);
  CHECK(parse_number<int>("-1") == -1);
  CHECK(parse_number<std::uint8_t>("255") == 255);
  for (const char* const text : {"", " 1", "1 ", "+1", "1.5", "0x1", "2147483648"}) {
    INFO(text);
    CHECK_FALSE(parse_number<int>(text));
  }
  CHECK_FALSE(parse_number<std::uint8_t>("256"));
  CHECK_FALSE(parse_number<unsigned>("-1"));
}

}  // namespace
}  // namespace samoyed::io
