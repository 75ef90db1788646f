#include "dispatcher/storage/storage.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/history/adoption_rows.hpp"
#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/interval_totals.hpp"
#include "dispatcher/history/removals.hpp"
#include "samoyed/io/wall_clock.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using Catch::Matchers::Contains;

TEST_CASE("without a folder there is no storage") {
  asio::io_context io;
  CHECK(open_storage(io.get_executor(), {}) == nullptr);
}

TEST_CASE("a folder belongs to one dispatcher at a time") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const StorageOptions options{.folder = folder.path() / "data", .history = {}, .jobs = {}};
  auto storage = open_storage(io.get_executor(), options);
  REQUIRE(storage);
  CHECK_THROWS_WITH(open_storage(io.get_executor(), options),
                    Contains("another samoyed-dispatcher"));
  storage.reset();
  CHECK(open_storage(io.get_executor(), options));
}

TEST_CASE("if the history is turned off, it is null and jobs are still kept") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  CHECK(open_storage(io.get_executor(), options)->history() != nullptr);
  options.history.enabled = false;
  const auto storage = open_storage(io.get_executor(), options);
  CHECK(storage->history() == nullptr);
  CHECK(storage->jobs().load() == Jobs::Load{});
}

TEST_CASE("jobs and the history are there again when the storage is reopened") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  {
    const auto storage = open_storage(io.get_executor(), options);
    JobRequest request;
    request.images.push_back({"dog.jpg", "dog"});
    test::wait_for(io, storage->jobs().submit(std::move(request)));
    CHECK(storage->history()->record(test::history_row("me")));
    storage->stop();
  }
  const auto storage = open_storage(io.get_executor(), options);
  CHECK(storage->jobs().load() == Jobs::Load{1, 0, 3});
  CHECK(test::wait_for(io, storage->history()->find({})).rows.size() == 1);
}

TEST_CASE("operators learn of calls, and how long the oldest job has waited") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  const auto storage = open_storage(io.get_executor(), options);
  JobRequest request;
  request.images.push_back({"dog.jpg", "dog"});
  test::wait_for(io, storage->jobs().submit(std::move(request)));
  constexpr std::int64_t hour_ms = 3600000;
  open_history(folder.path() / "history.sqlite")
      .execute("UPDATE job SET submitted_ms = submitted_ms - 3600000");
  CHECK_FALSE(storage->status().oldest_waiting);
  storage->start();
  const test::Wait wait("the queue to be looked at");
  io.restart();
  while (!storage->status().oldest_waiting) io.run_one();
  CHECK(storage->status().oldest_waiting->count() >= hour_ms);
  CHECK_FALSE(storage->status().shared);
  CHECK(storage->status().parts.at(0).name == "writer");
  CHECK(storage->status().parts.at(0).calls.done >= 1);
  CHECK(storage->status().parts.at(1).name == "reader");
  CHECK(storage->status().parts.at(1).calls.done >= 1);
  CHECK(storage->status().parts.at(1).calls.failed == 0);
  storage->stop();
  io.restart();
  io.run();
}

TEST_CASE("a start forgets an adoption whose new id nobody learned and that has no rows left") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  open_storage(io.get_executor(), options)->stop();
  const auto file = folder.path() / "history.sqlite";
  const auto adoptions = [&file] {
    Database database = open_history(file);
    auto rows = database.prepare("SELECT count(*) FROM adoption");
    rows.step();
    return rows.integer(0);
  };
  {
    Database database = open_history(file);
    insert_row(database, test::history_row("me"));
    REQUIRE(begin_adoption(database, "me", "new", Adopted::all));
    resume_adoptions(database, 10);
    database.execute("DELETE FROM thumbnail; DELETE FROM recognition");
  }
  REQUIRE(adoptions() == 1);
  open_storage(io.get_executor(), options)->stop();
  CHECK(adoptions() == 0);
}

namespace {

/// A job in a closed storage.
void keep_one_job(const StorageOptions& options) {
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), options);
  JobRequest request;
  request.images.push_back({"dog.jpg", "dog"});
  test::wait_for(io, storage->jobs().submit(std::move(request)));
  storage->stop();
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("a damaged database is unavailable until it is replaced, and then its jobs go on") {
  const test::TemporaryFolder folder;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  keep_one_job(options);
  const auto file = folder.path() / "history.sqlite";
  std::filesystem::rename(file, folder.path() / "aside");
  test::write_file(file, std::string(5000, 'x'));

  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), options);
  CHECK_THAT(storage->problem(), Contains("not a database"));
  CHECK_THROWS_AS(test::wait_for(io, storage->history()->find({})), StorageError);
  CHECK(storage->history()->record(test::history_row("me")));
  CHECK(storage->jobs().load() == Jobs::Load{});

  std::filesystem::rename(folder.path() / "aside", file);
  for (int tries = 0; tries < 6000 && !storage->problem().empty(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(storage->problem().empty());
  for (int tries = 0; tries < 6000 && storage->jobs().load().waiting == 0; ++tries) {
    io.restart();
    io.run_one_for(std::chrono::milliseconds(10));
  }
  CHECK(storage->jobs().load() == Jobs::Load{1, 0, 3});
  CHECK(files_in(folder.path() / "spool") == 1);
}

namespace {

/// Waits until the storage has as many rows. Meanwhile it may be unavailable.
bool has_rows(asio::io_context& io, Storage& storage, std::size_t count) {
  for (int tries = 0; tries < 6000; ++tries) {
    try {
      if (test::wait_for(io, storage.history()->find({})).rows.size() == count) return true;
    } catch (const StorageError&) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("a database that is moved away is not begun anew, and comes back with its rows") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), {.folder = folder.path()});
  storage->history()->record(test::history_row("me"));
  CHECK(has_rows(io, *storage, 1));
  const auto file = folder.path() / "history.sqlite";
  std::filesystem::rename(file, folder.path() / "aside");
  for (int tries = 0; tries < 6000 && storage->problem().find("missing") == std::string::npos;
       ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK_THAT(storage->problem(), Contains("is missing"));
  CHECK_FALSE(std::filesystem::exists(file));
  std::filesystem::rename(folder.path() / "aside", file);
  CHECK(has_rows(io, *storage, 1));
}

TEST_CASE("a database that replaces another one doesn't get its log") {
  const test::TemporaryFolder folder;
  const StorageOptions options{.folder = folder.path()};
  asio::io_context io;
  const auto file = folder.path() / "history.sqlite";
  {
    const auto storage = open_storage(io.get_executor(), options);
    storage->history()->record(test::history_row("me"));
  }
  std::filesystem::copy(file, folder.path() / "backup");
  const auto storage = open_storage(io.get_executor(), options);
  for (int count = 0; count < 2; ++count) storage->history()->record(test::history_row("me"));
  REQUIRE(has_rows(io, *storage, 3));
  std::filesystem::rename(folder.path() / "backup", file);
  CHECK(has_rows(io, *storage, 1));
}

TEST_CASE("images whose database was lost are set aside, and come back with it") {
  const test::TemporaryFolder folder;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  keep_one_job(options);
  const auto file = folder.path() / "history.sqlite";
  std::filesystem::rename(file, folder.path() / "aside");
  for (int start = 0; start < 2; ++start) {
    asio::io_context io;
    const auto storage = open_storage(io.get_executor(), options);
    CHECK(storage->jobs().load() == Jobs::Load{});
    CHECK(files_in(folder.path() / "spool") == 0);
    CHECK(files_in(folder.path() / "lost") == 1);
    storage->stop();
  }
  std::filesystem::rename(folder.path() / "aside", file);
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), options);
  CHECK(storage->jobs().load() == Jobs::Load{1, 0, 3});
  CHECK(files_in(folder.path() / "spool") == 1);
  CHECK(files_in(folder.path() / "lost") == 0);
}

TEST_CASE("a database that was emptied before the start is damaged, and harms no image") {
  const test::TemporaryFolder folder;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  keep_one_job(options);
  const auto file = folder.path() / "history.sqlite";
  const std::size_t bytes_left = GENERATE(0, 100);
  std::filesystem::resize_file(file, bytes_left);
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), options);
  CHECK_THAT(storage->problem(), Contains("was emptied: restore it"));
  CHECK(std::filesystem::file_size(file) == bytes_left);
  CHECK(files_in(folder.path() / "spool") == 1);
}

TEST_CASE("a database that is emptied while it is in use acknowledges no job") {
  const test::TemporaryFolder folder;
  const StorageOptions options{.folder = folder.path()};
  asio::io_context io;
  open_storage(io.get_executor(), options)->history()->record(test::history_row("me"));
  const auto file = folder.path() / "history.sqlite";
  std::filesystem::copy(file, folder.path() / "backup");
  const auto storage = open_storage(io.get_executor(), options);
  storage->history()->record(test::history_row("me"));
  REQUIRE(has_rows(io, *storage, 2));
  std::filesystem::resize_file(file, 0);
  JobRequest request;
  request.images.push_back({"dog.jpg", "dog"});
  const auto submitted = test::wait_for(io, storage->jobs().submit(std::move(request)));
  CHECK(submitted == Submitted{SubmitError::storage});
  for (int tries = 0; tries < 6000 && storage->problem().find("restore it") == std::string::npos;
       ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK_THAT(storage->problem(), Contains("was emptied: restore it"));
  CHECK(std::filesystem::file_size(file) == 0);
  // A backup that is copied into the same file is another database, without the log of this one.
  std::filesystem::copy(folder.path() / "backup", file,
                        std::filesystem::copy_options::overwrite_existing);
  CHECK(has_rows(io, *storage, 1));
}

TEST_CASE("what a crash left of a database that was being created is no database") {
  const test::TemporaryFolder folder;
  test::write_file(folder.path() / "history.sqlite.new", "half a database");
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), {.folder = folder.path()});
  CHECK(storage->problem().empty());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "history.sqlite.new"));
}

TEST_CASE("without room for the reserve, jobs are refused") {
  const test::TemporaryFolder folder;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  // Nothing can be written to a folder in the reserve's place.
  std::filesystem::create_directories(folder.path() / "reserve" / "in the way");
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), options);
  JobRequest request;
  request.images.push_back({"dog.jpg", "dog"});
  const auto submitted = test::wait_for(io, storage->jobs().submit(std::move(request)));
  REQUIRE(std::holds_alternative<SubmitError>(submitted));
  CHECK(std::get<SubmitError>(submitted) == SubmitError::storage);
  CHECK(files_in(folder.path() / "spool") == 0);
}

TEST_CASE("a deletion that a crash interrupts goes on after the next start") {
  const test::TemporaryFolder folder;
  {
    Database database = open_history(folder.path() / "history.sqlite");
    for (int count = 0; count < 5; ++count) {
      insert_row(database, test::history_row("me", io::wall_clock_ms()));
      insert_row(database, test::history_row("you", io::wall_clock_ms()));
    }
    continue_removal(database, begin_removal(database, "me"), 2);
    insert_row(database, test::history_row("me", io::wall_clock_ms()));
  }
  asio::io_context io;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  const auto storage = open_storage(io.get_executor(), options);
  storage->start();
  std::size_t left = 0;
  for (int tries = 0; tries < 100000 && left != 1; ++tries) {
    std::optional<std::size_t> rows;
    asio::co_spawn(io, storage->history()->find({.visitor = "me"}),
                   [&](std::exception_ptr, const HistoryPage& page) { rows = page.rows.size(); });
    while (!rows) {
      io.restart();
      io.run_one_for(std::chrono::seconds(60));
    }
    left = *rows;
  }
  // What was recorded after the deletion began stays, and so do the results of others.
  CHECK(left == 1);
  storage->stop();
  io.restart();
  io.run();
  CHECK(test::wait_for(io, storage->history()->find({.visitor = "you"})).rows.size() == 5);
}

TEST_CASE("while no row is new, a clock that is ahead removes none") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), {.folder = folder.path()});
  constexpr std::int64_t ahead_ms = 400LL * 24 * 60 * 60 * 1000;
  for (int count = 0; count < 5; ++count) {
    storage->history()->record(test::history_row("me", io::wall_clock_ms() - ahead_ms));
  }
  REQUIRE(has_rows(io, *storage, 5));
  storage->start();
  // Each of these waits for the writer, and so do the few steps of the removal, in turn.
  for (int round = 0; round < 50; ++round) {
    bool ended = false;
    asio::co_spawn(io, storage->history()->remove_all("someone else"),
                   [&](std::exception_ptr, std::uint64_t) { ended = true; });
    io.restart();
    while (!ended) io.run_one_for(std::chrono::seconds(60));
  }
  storage->stop();
  io.restart();
  io.run();
  CHECK(has_rows(io, *storage, 5));
}

TEST_CASE("a clock that jumps by 400 days doesn't empty the history") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  const auto storage = open_storage(io.get_executor(), options);
  constexpr std::int64_t jump_ms = 400LL * 24 * 60 * 60 * 1000;
  for (int count = 0; count < 100; ++count) {
    storage->history()->record(test::history_row("me", io::wall_clock_ms() - jump_ms));
  }
  // The first row after the jump.
  storage->history()->record(test::history_row("me", io::wall_clock_ms()));
  std::optional<std::size_t> rows;
  const auto rows_left = [&] {
    const test::Wait wait("a page of the history");
    rows.reset();
    asio::co_spawn(io, storage->history()->find({.rows_max = 200}),
                   [&](std::exception_ptr, const HistoryPage& page) { rows = page.rows.size(); });
    while (!rows) {
      io.restart();
      io.run_one_for(std::chrono::seconds(60));
    }
    return *rows;
  };
  const auto wait_until = [&](std::size_t rows_wanted) {
    const test::Wait wait(std::to_string(rows_wanted) + " rows in the history");
    while (rows_left() != rows_wanted) {
    }
  };
  wait_until(101);
  storage->start();
  wait_until(100);
  CHECK(rows_left() == 100);
  storage->stop();
  const test::Wait wait("the storage to stop");
  io.restart();
  io.run();
}

TEST_CASE("statistics of an older database are prepared while the storage is in use") {
  const test::TemporaryFolder folder;
  {
    test::HistoryFixture fixture(folder.path());
    for (int count = 0; count < 5; ++count) fixture.history.record(test::history_row("me"));
    fixture.settle();
  }
  {
    Database database(folder.path() / "history.sqlite", Database::Mode::read_write);
    test::make_version(database, 4);
  }
  asio::io_context io;
  const auto storage = open_storage(io.get_executor(), {.folder = folder.path()});
  storage->start();
  const test::Wait wait("statistics of five rows");
  std::size_t rows = 0;
  // Each question is another one, because answers are kept for a moment.
  for (std::int64_t length = 1; rows != 5; ++length) {
    const HistoryStatisticsQuery query{.until_ms = length * statistics_interval_ms, .buckets = 1};
    bool ended = false;
    asio::co_spawn(io, storage->history()->statistics(query),
                   [&](std::exception_ptr failure, const HistoryStatistics& found) {
                     if (!failure) rows = found.rows;
                     ended = true;
                   });
    io.restart();
    while (!ended) io.run_one_for(std::chrono::seconds(60));
  }
  CHECK(rows == 5);
  storage->stop();
  io.restart();
  io.run();
}
