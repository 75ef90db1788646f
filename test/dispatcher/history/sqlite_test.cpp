#include "dispatcher/history/sqlite.hpp"

#include <string_view>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

namespace samoyed::dispatcher {
namespace {

TEST_CASE("an empty text or blob is not NULL") {
  const test::TemporaryFolder folder;
  Database database(folder.path() / "file", Database::Mode::read_write);
  auto row = database.prepare("SELECT ? IS NULL, ? IS NULL, ? IS NULL");
  row.bind(std::string_view()).bind_bytes(std::string_view()).bind_null();
  REQUIRE(row.step());
  CHECK(row.integer(0) == 0);
  CHECK(row.integer(1) == 0);
  CHECK(row.integer(2) == 1);
}

}  // namespace
}  // namespace samoyed::dispatcher
