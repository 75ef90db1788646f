#include "web/http/size_text.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("a limit is named exactly") {
  CHECK(size_text(0) == "0 bytes");
  CHECK(size_text(1000) == "1000 bytes");
  CHECK(size_text(16384) == "16 KiB");
  CHECK(size_text(33554432) == "32 MiB");
  CHECK(size_text(33554433) == "33554433 bytes");
}

}  // namespace
}  // namespace samoyed::web
