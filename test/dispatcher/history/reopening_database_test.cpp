#include "dispatcher/history/reopening_database.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/schema.hpp"
#include "support/storage_fixture.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr std::chrono::milliseconds no_pause{0};

struct ReopeningTest {
  ReopeningDatabase open() {
    return {[this] {
              ++openings;
              return open_history(file);
            },
            no_pause};
  }

  test::TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "history.sqlite";
  std::filesystem::path aside = folder.path() / "aside";
  int openings = 0;
};

TEST_CASE_METHOD(ReopeningTest, "a database that can't be opened is opened when it can") {
  test::write_file(file, std::string(5000, 'x'));
  auto database = open();
  CHECK(database.get() == nullptr);
  CHECK_THAT(database.problem(), Catch::Contains("not a database"));
  std::filesystem::remove(file);
  CHECK(database.get() != nullptr);
  CHECK(database.problem().empty());
}

TEST_CASE_METHOD(ReopeningTest, "the pauses between attempts to open a database grow only so far") {
  test::write_file(file, std::string(5000, 'x'));
  const std::chrono::milliseconds pause(1);
  ReopeningDatabase database(
      [this] {
        ++openings;
        return open_history(file);
      },
      pause);
  // If they doubled each time, this would take a quarter of an hour.
  const test::Wait wait("twenty attempts to open a database");
  while (openings < 20) {
    CHECK(database.get() == nullptr);
    std::this_thread::sleep_for(pause);
  }
}

TEST_CASE_METHOD(ReopeningTest, "a file that is not ours is refused at the start") {
  Database(file, Database::Mode::read_write).execute("CREATE TABLE theirs (a)");
  CHECK_THROWS_WITH(open(), Catch::Contains("another program"));
}

TEST_CASE_METHOD(ReopeningTest, "a file that is moved away, replaced or loses its log is noticed") {
  auto database = open();
  REQUIRE(database.get() != nullptr);
  insert_row(*database.get(), test::history_row("me"));
  CHECK(database.is_current());
  SECTION("moved away and back") {
    std::filesystem::rename(file, aside);
    CHECK(!database.is_current());
    std::filesystem::rename(aside, file);
    CHECK(database.is_current());
  }
  SECTION("replaced") {
    std::filesystem::copy(file, aside);
    std::filesystem::rename(aside, file);
    CHECK(!database.is_current());
    CHECK(database.get() != nullptr);
    CHECK(openings == 2);
  }
  SECTION("without its log") {
    std::filesystem::remove(file.string() + "-wal");
    CHECK(!database.is_current());
  }
}

TEST_CASE_METHOD(ReopeningTest, "a damaged file is closed, other failures leave it open") {
  auto database = open();
  database.close_if_unusable(std::make_exception_ptr(DiskError("full")));
  CHECK(database.problem().empty());
  database.close_if_unusable(std::make_exception_ptr(DamageError("torn")));
  CHECK(database.problem() == "torn");
  CHECK(database.get() != nullptr);
  CHECK(openings == 2);
}

}  // namespace
}  // namespace samoyed::dispatcher
