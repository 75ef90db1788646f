#include "web/views/units_text.hpp"

#include <limits>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("file sizes are in powers of 1000") {
  CHECK(bytes_text(0) == "0 bytes");
  CHECK(bytes_text(999) == "999 bytes");
  CHECK(bytes_text(1000) == "1 kB");
  CHECK(bytes_text(999499) == "999 kB");
  CHECK(bytes_text(999500) == "1.0 MB");
  CHECK(bytes_text(32 << 20) == "33.6 MB");
}

TEST_CASE("times below 100 ms have a decimal") {
  CHECK(milliseconds_text(0) == "0.0 ms");
  CHECK(milliseconds_text(34.26) == "34.3 ms");
  CHECK(milliseconds_text(1234.5) == "1234 ms");
}

TEST_CASE("a time is shown in UTC") {
  CHECK(time_text(1769860800123) == "2026-01-31 12:00:00 UTC");
  CHECK(time_text(std::numeric_limits<std::int64_t>::max()) == "292278994-08-17 07:12:55 UTC");
}

}  // namespace
}  // namespace samoyed::web
