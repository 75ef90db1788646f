#include "dispatcher/history/removals.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::history_row;
using test::HistoryFixture;
using test::wait_for;

TEST_CASE("deleting many rows lets other writers in between") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  constexpr std::size_t rows = 5 * removed_rows_max;
  for (std::size_t count = 0; count < rows; ++count) fixture.history.record(history_row("me"));
  std::optional<std::uint64_t> removed;
  asio::co_spawn(fixture.io, fixture.history.remove_all("me"),
                 [&](std::exception_ptr, std::uint64_t count) { removed = count; });
  // Each of these is posted after the deletion began, and sees what is left of it.
  std::vector<std::size_t> left;
  while (!removed) {
    auto work = [](Database& database) {
      auto row = database.prepare("SELECT count(*) FROM recognition WHERE visitor = 'me'");
      row.step();
      return static_cast<std::size_t>(row.integer(0));
    };
    bool counted = false;
    asio::co_spawn(fixture.io, fixture.writer.run(work),
                   [&](std::exception_ptr, std::size_t count) {
                     left.push_back(count);
                     counted = true;
                   });
    while (!counted) {
      fixture.io.restart();
      fixture.io.run_one();
    }
  }
  CHECK(removed == rows);
  CHECK(std::ranges::any_of(left, [](std::size_t count) { return count > 0 && count < rows; }));
  CHECK(wait_for(fixture.io, fixture.history.find({})).rows.empty());
}

TEST_CASE("rows that are recorded while a visitor's rows are deleted stay") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  for (int count = 0; count < 3; ++count) insert_row(database, history_row("me"));
  const Removal removal = begin_removal(database, "me");
  CHECK(removal.rows == 3);
  CHECK(continue_removal(database, removal, 2) == 2);
  insert_row(database, history_row("me"));
  CHECK(continue_removal(database, removal, 2) == 1);
  const auto left = find_rows(database, {}).rows;
  REQUIRE(left.size() == 1);
  CHECK(left[0].id == 4);
}

TEST_CASE("a removal that was interrupted goes on") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  for (const auto* visitor : {"me", "you", "me", "you", "me"}) {
    insert_row(database, history_row(visitor));
  }
  begin_removal(database, "me");
  begin_removal(database, "you");
  CHECK(resume_removals(database, 2) == 2);
  CHECK(resume_removals(database, 2) == 2);
  CHECK(resume_removals(database, 2) == 1);
  CHECK(resume_removals(database, 2) == 0);
  CHECK(find_rows(database, {}).rows.empty());
  auto left = database.prepare("SELECT count(*) FROM removal");
  REQUIRE(left.step());
  CHECK(left.integer(0) == 0);
}

TEST_CASE("a removal that failed goes on while the program runs") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (int count = 0; count < 3; ++count) fixture.history.record(history_row("me"));
  const auto execute = [&](const std::string& sql) {
    auto work = [sql](Database& database) {
      database.execute(sql);
      return true;
    };
    wait_for(fixture.io, fixture.writer.run(work));
  };
  execute(
      "CREATE TRIGGER failing BEFORE DELETE ON recognition BEGIN SELECT RAISE(ABORT, 'no'); END");
  CHECK_THROWS_AS(wait_for(fixture.io, fixture.history.remove_all("me")), StorageError);
  execute("DROP TRIGGER failing");
  CHECK(wait_for(fixture.io, fixture.history.find({})).rows.size() == 3);
  // As retention does each minute.
  auto resume = [](Database& database) { return resume_removals(database, removed_rows_max); };
  CHECK(wait_for(fixture.io, fixture.writer.run(resume)) == 3);
  CHECK(wait_for(fixture.io, fixture.history.find({})).rows.empty());
}
