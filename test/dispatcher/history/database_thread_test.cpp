#include "dispatcher/history/database_thread.hpp"

#include <atomic>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "dispatcher/history/commit_mark.hpp"
#include "dispatcher/history/history_rows.hpp"
#include "support/gate.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using test::wait_for;

namespace {

Database numbers(const std::filesystem::path& folder) {
  Database database(folder / "numbers", Database::Mode::read_write);
  database.execute("CREATE TABLE number (value INTEGER UNIQUE)");
  create_commit_mark(database);
  return database;
}

std::function<void(Database&)> insert(int value) {
  return [value](Database& database) {
    database.prepare("INSERT INTO number VALUES (?)").bind(std::int64_t{value}).run();
  };
}

std::int64_t count(Database& database) {
  auto row = database.prepare("SELECT count(*) FROM number");
  row.step();
  return row.integer(0);
}

}  // namespace

TEST_CASE("if one task of a group fails, only that task is reported and undone") {
  const test::TemporaryFolder folder;
  DatabaseThread writer(numbers(folder.path()), DatabaseThread::Kind::writer, {});
  test::Gate entered;
  test::Gate gate;
  auto hold = [&](Database&) {
    entered.open();
    gate.wait();
  };
  REQUIRE(writer.post({.run = hold, .done = {}}));
  REQUIRE(entered.wait());
  int good = 0;
  int bad = 0;
  const auto done = [&](std::exception_ptr failure) { ++(failure ? bad : good); };
  for (const int value : {1, 2, 2, 3}) {
    writer.post({.run =
                     [value](Database& database) {
                       insert(value + 10)(database);
                       insert(value)(database);
                     },
                 .done = done});
  }
  gate.open();
  asio::io_context io;
  CHECK(wait_for(io, writer.run(count)) == 6);
  writer.stop();
  CHECK(good == 3);
  CHECK(bad == 1);
}

TEST_CASE("an exception on the thread reaches the awaiting coroutine") {
  const test::TemporaryFolder folder;
  DatabaseThread writer(numbers(folder.path()), DatabaseThread::Kind::writer, {});
  asio::io_context io;
  auto fail = [](Database&) -> int { throw StorageError("no"); };
  CHECK_THROWS_WITH(wait_for(io, writer.run(fail)), "no");
  writer.stop();
  CHECK_THROWS_AS(wait_for(io, writer.run(count)), StorageError);
}

TEST_CASE("a persistent task is retried until the disk works again") {
  const test::TemporaryFolder folder;
  DatabaseThread writer(numbers(folder.path()), DatabaseThread::Kind::writer,
                        {.retry_pause = std::chrono::milliseconds(1)});
  int attempts = 0;
  auto task = [&attempts](Database& database) {
    insert(1)(database);
    if (++attempts < 4) throw DiskError("full");
  };
  writer.post({.run = task, .done = {}, .persistent = true});
  asio::io_context io;
  CHECK(wait_for(io, writer.run(count)) == 1);
  CHECK(attempts == 4);
  CHECK(writer.lost() == 0);
}

TEST_CASE("a disk that stays full doesn't delay the stop, and lost tasks are counted") {
  const test::TemporaryFolder folder;
  DatabaseThread writer(numbers(folder.path()), DatabaseThread::Kind::writer,
                        {.retry_pause = std::chrono::hours(1)});
  test::Gate tried;
  auto task = [&tried](Database&) {
    tried.open();
    throw DiskError("full");
  };
  writer.post({.run = task, .done = {}, .persistent = true});
  writer.post({.run = insert(1), .done = {}, .persistent = true});
  REQUIRE(tried.wait());
  writer.stop();
  CHECK(writer.lost() == 1);
  Database left(folder.path() / "numbers", Database::Mode::read_only);
  CHECK(count(left) == 1);
}

TEST_CASE("awaited tasks don't wait for a disk that stays full") {
  const test::TemporaryFolder folder;
  DatabaseThread writer(
      numbers(folder.path()), DatabaseThread::Kind::writer,
      {.retry_pause = std::chrono::milliseconds(1), .patience = std::chrono::milliseconds(5)});
  std::atomic<bool> full = true;
  test::Gate entered;
  test::Gate gate;
  auto hold = [&](Database&) {
    entered.open();
    gate.wait();
  };
  auto promised = [&](Database& database) {
    if (full) throw DiskError("full");
    insert(1)(database);
  };
  REQUIRE(writer.post({.run = hold, .done = {}}));
  REQUIRE(entered.wait());
  REQUIRE(writer.post({.run = promised, .done = {}, .persistent = true}));
  asio::io_context io;
  int refused = 0;
  const auto add = [&](int value) {
    auto work = [value](Database& database) {
      insert(value)(database);
      return true;
    };
    asio::co_spawn(io, writer.run(std::move(work)), [&](std::exception_ptr failure, bool) {
      CHECK_THROWS_AS(std::rethrow_exception(failure), DiskError);
      ++refused;
    });
  };
  // The first is in the same group; the second arrives while the write is being retried.
  add(2);
  io.poll();
  gate.open();
  io.restart();
  io.run_for(std::chrono::seconds(60));
  add(3);
  io.restart();
  io.run_for(std::chrono::seconds(60));
  CHECK(refused == 2);
  full = false;
  writer.stop();
  CHECK(writer.lost() == 0);
  Database left(folder.path() / "numbers", Database::Mode::read_only);
  CHECK(count(left) == 1);
}

TEST_CASE("nothing is acknowledged that was written to a file which was removed meanwhile") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  const auto aside = folder.path() / "aside";
  std::atomic<bool> moved = false;
  const auto open = [&] {
    if (moved && !std::filesystem::exists(file)) throw DiskError("missing");
    return open_history(file);
  };
  DatabaseThread writer(open, DatabaseThread::Kind::writer,
                        {.retry_pause = std::chrono::milliseconds(1)});
  asio::io_context io;
  auto move_and_insert = [&](Database& database) {
    moved = true;
    std::filesystem::rename(file, aside);
    insert_row(database, test::history_row("first"));
    return true;
  };
  CHECK_THROWS_AS(wait_for(io, writer.run(move_and_insert)), DiskError);
  // A task that must be carried out waits for the file that is there in the end.
  const auto copy = folder.path() / "copy";
  std::filesystem::copy(aside, copy);
  std::filesystem::rename(copy, file);
  test::Gate done;
  auto insert_second = [](Database& database) {
    insert_row(database, test::history_row("second"));
  };
  writer.post(
      {.run = insert_second, .done = [&](std::exception_ptr) { done.open(); }, .persistent = true});
  REQUIRE(done.wait());
  CHECK(writer.problem().empty());
  writer.stop();
  Database left = open_history_reader(file);
  CHECK(find_rows(left, {.visitor = "second"}).rows.size() == 1);
}

TEST_CASE("while the database can't be opened, awaited tasks fail and persistent ones wait") {
  const test::TemporaryFolder folder;
  std::atomic<bool> there = false;
  DatabaseThread writer(
      [&] {
        if (!there) throw DamageError("torn");
        return numbers(folder.path());
      },
      DatabaseThread::Kind::writer, {.retry_pause = std::chrono::milliseconds(1)});
  CHECK(writer.problem() == "torn");
  test::Gate done;
  writer.post(
      {.run = insert(1), .done = [&](std::exception_ptr) { done.open(); }, .persistent = true});
  asio::io_context io;
  CHECK_THROWS_WITH(wait_for(io, writer.run(count)), Catch::Contains("torn"));
  there = true;
  REQUIRE(done.wait());
  CHECK(writer.problem().empty());
  CHECK(wait_for(io, writer.run(count)) == 1);
}

TEST_CASE("on a full disk, tasks that free space go first and use the reserve") {
  struct Reserve final : DiskReserve {
    bool keep() override { return back; }
    void release() override { released = true; }
    std::atomic<bool> released = false;
    std::atomic<bool> back = false;
  } reserve;
  const test::TemporaryFolder folder;
  DatabaseThread writer(
      numbers(folder.path()), DatabaseThread::Kind::writer,
      {.retry_pause = std::chrono::milliseconds(1), .patience = std::chrono::hours(1)}, &reserve);
  test::Gate row_written;
  test::Gate end_written;
  // Stands for a disk that has room again only after the reserve was released.
  writer.post({.run =
                   [&](Database& database) {
                     if (!reserve.released) throw DiskFullError("full");
                     insert(1)(database);
                   },
               .done = [&](std::exception_ptr) { row_written.open(); },
               .persistent = true});
  writer.post({.run =
                   [&](Database& database) {
                     if (!reserve.released) throw DiskFullError("full");
                     insert(2)(database);
                   },
               .done =
                   [&](std::exception_ptr failure) {
                     if (!failure) end_written.open();
                   },
               .frees_space = true});
  REQUIRE(end_written.wait());
  // The room of the reserve isn't for rows.
  CHECK_FALSE(row_written.is_open());
  CHECK_THAT(writer.problem(), Catch::Contains("full"));
  reserve.back = true;
  REQUIRE(row_written.wait());
  writer.stop();
  CHECK(writer.lost() == 0);
}

TEST_CASE("a reader's task fails at its timeout") {
  const test::TemporaryFolder folder;
  DatabaseThread reader(numbers(folder.path()), DatabaseThread::Kind::reader,
                        {.task_timeout = std::chrono::milliseconds(20)});
  auto endless = [](Database& database) {
    auto rows = database.prepare(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
    return rows.step();
  };
  asio::io_context io;
  CHECK_THROWS_WITH(wait_for(io, reader.run(endless)), Catch::Matchers::Contains("interrupted"));
  CHECK(wait_for(io, reader.run(count)) == 0);
}

namespace {

/// A writer whose file a task moves away just before its commit, and the test moves back.
struct MovedFile {
  /// A group of two persistent rows. The first one moves the file, once.
  void write_two_rows() {
    // The group is taken while the thread waits in this task.
    test::Gate gate;
    test::Gate entered;
    writer.post({.run =
                     [&](Database&) {
                       entered.open();
                       gate.wait();
                     },
                 .done = {}});
    REQUIRE(entered.wait());
    auto first = [this](Database& database) {
      insert_row(database, test::history_row("first"));
      if (!moved.exchange(true)) std::filesystem::rename(file, aside);
    };
    auto second = [](Database& database) { insert_row(database, test::history_row("second")); };
    writer.post({.run = first, .done = {}, .persistent = true});
    writer.post({.run = second,
                 .done = [this](std::exception_ptr failure) { done.open(), failed = !!failure; },
                 .persistent = true});
    gate.open();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (writer.problem().empty() && std::chrono::steady_clock::now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  std::size_t rows_of(const std::string& visitor) {
    Database left = open_history_reader(file);
    return find_rows(left, {.visitor = visitor}).rows.size();
  }

  test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "history.sqlite";
  const std::filesystem::path aside = folder.path() / "aside";
  std::atomic<bool> moved = false;
  std::atomic<bool> failed = false;
  test::Gate done;
  DatabaseThread writer{[this] {
                          if (moved && !std::filesystem::exists(file)) throw DiskError("missing");
                          return open_history(file);
                        },
                        DatabaseThread::Kind::writer,
                        {.retry_pause = std::chrono::milliseconds(1)}};
};

}  // namespace

TEST_CASE("what was committed to a file that was moved away and back isn't written again") {
  MovedFile test;
  test.write_two_rows();
  CHECK(!test.writer.problem().empty());
  std::filesystem::rename(test.aside, test.file);
  REQUIRE(test.done.wait());
  CHECK(!test.failed);
  test.writer.stop();
  CHECK(test.rows_of("first") == 1);
  CHECK(test.rows_of("second") == 1);
  CHECK(test.writer.lost() == 0);
}

TEST_CASE("what was committed to a file that another one has replaced is written to that one") {
  MovedFile test;
  const auto backup = test.folder.path() / "backup";
  open_history(backup);
  test.write_two_rows();
  std::filesystem::remove(test.file.string() + "-wal");
  std::filesystem::rename(backup, test.file);
  REQUIRE(test.done.wait());
  test.writer.stop();
  CHECK(test.rows_of("first") == 1);
  CHECK(test.rows_of("second") == 1);
}
