#include "dispatcher/history/retention.hpp"

#include <atomic>
#include <optional>

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
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    bool reached = false;
    while (!reached && std::chrono::steady_clock::now() < limit) reached = left() == rows;
    return reached;
  };
  Retention retention(
      fixture.io.get_executor(), fixture.writer,
      {{.remove = [](Database& database, std::int64_t,
                     std::size_t count) { return remove_old_rows(database, 0, 10, count); }}},
      std::chrono::milliseconds(5));
  bool ended = false;
  asio::co_spawn(fixture.io, retention.run(), [&](std::exception_ptr) { ended = true; });
  CHECK(until(10));
  for (int count = 0; count < 100; ++count) fixture.history.record(test::history_row("me"));
  CHECK(until(10));
  retention.stop();
  fixture.io.restart();
  fixture.io.run_for(std::chrono::seconds(60));
  CHECK(ended);
}

TEST_CASE("what goes in one interval has a limit") {
  const test::TemporaryFolder folder;
  HistoryFixture fixture(folder.path());
  for (int count = 0; count < 10; ++count) fixture.history.record(test::history_row("me"));
  std::atomic<std::size_t> asked = 0;
  Retention retention(fixture.io.get_executor(), fixture.writer,
                      {{.remove =
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
  fixture.io.run_for(std::chrono::seconds(60));
  CHECK(ended);
  CHECK(test::wait_for(fixture.io, fixture.history.find({})).rows.size() == 7);
}
