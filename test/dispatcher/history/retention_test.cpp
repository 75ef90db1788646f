#include "dispatcher/history/retention.hpp"

#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/old_rows.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::HistoryFixture;

TEST_CASE("retention repeatedly removes all old rows, in batches") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (int count = 0; count < 1000; ++count) fixture.history.record(test::history_row("me"));
  // Reads through the writer, so that it comes after everything that was recorded before.
  const auto left = [&] {
    auto work = [](Database& database) {
      return find_rows(database, {.rows_max = 200}).rows.size();
    };
    const test::Wait wait("the number of rows");
    std::optional<std::size_t> rows;
    asio::co_spawn(fixture.io, fixture.writer.run(work),
                   [&](std::exception_ptr, std::size_t found) { rows = found; });
    while (!rows) {
      fixture.io.restart();
      fixture.io.run_one_for(std::chrono::milliseconds(10));
    }
    return *rows;
  };
  const auto until = [&](std::size_t rows) {
    const auto limit = std::chrono::steady_clock::now() + test::wait_max();
    bool reached = false;
    while (!reached && std::chrono::steady_clock::now() < limit) reached = left() == rows;
    return reached;
  };
  Retention retention(
      fixture.io.get_executor(), fixture.writer,
      {{.carry_out = [](Database& database, std::int64_t,
                        std::size_t count) { return remove_old_rows(database, 0, 10, count); }}},
      std::chrono::milliseconds(5));
  bool ended = false;
  asio::co_spawn(fixture.io, retention.run(), [&](std::exception_ptr) { ended = true; });
  CHECK(until(10));
  for (int count = 0; count < 100; ++count) fixture.history.record(test::history_row("me"));
  CHECK(until(10));
  retention.stop();
  fixture.io.restart();
  fixture.io.run_for(test::wait_max());
  CHECK(ended);
}

TEST_CASE("what goes in one interval has a limit") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (int count = 0; count < 10; ++count) fixture.history.record(test::history_row("me"));
  std::atomic<std::size_t> asked = 0;
  Retention retention(fixture.io.get_executor(), fixture.writer,
                      {{.carry_out =
                            [&asked](Database& database, std::int64_t now_ms, std::size_t count) {
                              asked += count;
                              return remove_old_rows(database, now_ms, 100, count);
                            },
                        .rows_max = [](Database&) { return std::uint64_t{3}; }}},
                      std::chrono::hours(1));
  bool ended = false;
  asio::co_spawn(fixture.io, retention.run(), [&](std::exception_ptr) { ended = true; });
  for (int tries = 0; tries < 6000 && asked == 0; ++tries) {
    fixture.io.run_one_for(std::chrono::milliseconds(10));
  }
  CHECK(asked == 3);
  retention.stop();
  fixture.io.restart();
  fixture.io.run_for(test::wait_max());
  CHECK(ended);
  CHECK(test::wait_for(fixture.io, fixture.history.find({})).rows.size() == 7);
}

TEST_CASE("one interval removes all old rows, a piece in each transaction") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (int count = 0; count < 1000; ++count) fixture.history.record(test::history_row("me"));
  std::vector<std::uint64_t> removed;
  Retention retention(fixture.io.get_executor(), fixture.writer,
                      {{.carry_out =
                            [&removed](Database& database, std::int64_t, std::size_t count) {
                              removed.push_back(remove_old_rows(database, 0, 10, count));
                              return removed.back();
                            }}},
                      std::chrono::hours(1));
  asio::co_spawn(fixture.io, retention.run(), [](std::exception_ptr) {});
  const test::Wait wait("retention to remove all old rows");
  auto rest = [](Database& database) { return find_rows(database, {.rows_max = 200}).rows.size(); };
  std::size_t rows = 0;
  bool asking = false;
  while (rows != 10) {
    if (!std::exchange(asking, true)) {
      asio::co_spawn(fixture.io, fixture.writer.run(rest),
                     [&](std::exception_ptr, std::size_t found) {
                       rows = found;
                       asking = false;
                     });
    }
    fixture.io.restart();
    fixture.io.run_one_for(std::chrono::milliseconds(10));
  }
  retention.stop();
  fixture.io.restart();
  fixture.io.run();
  CHECK(removed == std::vector<std::uint64_t>{200, 200, 200, 200, 190});
}

TEST_CASE("a step that fails keeps no other one from its turn") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  std::atomic<int> turns = 0;
  Retention retention(
      fixture.io.get_executor(), fixture.writer,
      {{.carry_out = [](Database&, std::int64_t, std::size_t) -> std::uint64_t {
         throw StorageError("damaged");
       }},
       {.carry_out = [&turns](Database&, std::int64_t, std::size_t) -> std::uint64_t {
         ++turns;
         return 0;
       }}},
      std::chrono::milliseconds(5));
  asio::co_spawn(fixture.io, retention.run(), [](std::exception_ptr) {});
  const auto limit = std::chrono::steady_clock::now() + test::wait_max();
  while (turns < 2 && std::chrono::steady_clock::now() < limit) fixture.io.run_one();
  CHECK(turns >= 2);
  retention.stop();
  fixture.io.run_for(test::wait_max());
}
