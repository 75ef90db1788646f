#include "dispatcher/storage/reserve_file.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

namespace samoyed::dispatcher {
namespace {

TEST_CASE("a reserve takes its space until it is released") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "reserve";
  ReserveFile reserve(file, 100000);
  for (int round = 0; round < 2; ++round) {
    CHECK(reserve.keep());
    CHECK(std::filesystem::file_size(file) == 100000);
    reserve.release();
    CHECK(!std::filesystem::exists(file));
  }
  reserve.release();
}

TEST_CASE("a reserve that the disk has no room for leaves nothing behind") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "reserve";
  CHECK(!ReserveFile(file, std::uint64_t{1} << 60).keep());
  CHECK(!std::filesystem::exists(file));
  CHECK(!ReserveFile("/no/such/folder/reserve", 1).keep());
}

}  // namespace
}  // namespace samoyed::dispatcher
