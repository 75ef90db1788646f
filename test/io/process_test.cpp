#include "samoyed/io/process.hpp"

#include <catch2/catch.hpp>

using namespace samoyed;

TEST_CASE("a process reports its memory and descriptors") {
  const auto process = io::read_process();
  CHECK(process.resident_bytes > 0);
  CHECK(process.virtual_bytes >= process.resident_bytes);
  CHECK(process.open_descriptors > 0);
  CHECK(process.descriptors_max >= process.open_descriptors);
}
