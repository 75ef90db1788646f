#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/history/schema.hpp"
#include "dispatcher/history/sqlite_history.hpp"
#include "support/temporary_folder.hpp"
#include "support/wait.hpp"

namespace samoyed::test {

/// Runs a coroutine on an io_context. Returns its result, or throws its exception.
template <typename Value>
Value wait_for(asio::io_context& io, asio::awaitable<Value> work) {
  const Wait wait("a coroutine's result, and all work that it started");
  std::optional<Value> value;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr thrown, Value result) {
    failure = thrown;
    value = std::move(result);
  });
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(value).value();
}

/// Takes a new database back to an older version of its tables.
inline void make_version(dispatcher::Database& database, int version) {
  if (version < 8) {
    database.execute("DROP INDEX job_turn; ALTER TABLE job DROP COLUMN turn");
  }
  if (version < 7) {
    database.execute(
        "DROP TABLE adoption; DROP TABLE statistics_progress; DROP INDEX job_visitor;"
        "CREATE INDEX job_visitor ON job (visitor, number) WHERE state >= 2;"
        "ALTER TABLE removal ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0");
  }
  if (version < 6) {
    database.execute("ALTER TABLE unsigned_until DROP COLUMN job; DROP TABLE commit_mark");
  }
  if (version < 5) database.execute("DROP TABLE interval_statistics; DROP INDEX recognition_model");
  if (version < 4) database.execute("DROP TABLE removal; DROP INDEX job_visitor");
  if (version < 3) database.execute("DROP TABLE unsigned_until");
  if (version < 2) {
    database.execute("ALTER TABLE job DROP COLUMN owner; ALTER TABLE job DROP COLUMN claims");
  }
  database.execute("PRAGMA user_version = " + std::to_string(version));
}

/// A history in the given folder.
class HistoryFixture {
 public:
  explicit HistoryFixture(const std::filesystem::path& folder,
                          dispatcher::DatabaseThread::Limits limits = {})
      : file(folder / "history.sqlite"),
        writer(dispatcher::open_history(file), dispatcher::DatabaseThread::Kind::writer, limits),
        reader(dispatcher::open_history_reader(file), dispatcher::DatabaseThread::Kind::reader, {}),
        statistics_reader(dispatcher::open_history_reader(file),
                          dispatcher::DatabaseThread::Kind::reader, {}) {}

  /// Waits until all recorded rows are written.
  void settle() {
    auto nothing = [](dispatcher::Database&) { return true; };
    wait_for(io, writer.run(nothing));
  }

  std::filesystem::path file;
  asio::io_context io{1};
  dispatcher::DatabaseThread writer;
  dispatcher::DatabaseThread reader;
  dispatcher::DatabaseThread statistics_reader;
  dispatcher::SqliteHistory history{writer, reader, statistics_reader};
};

/// A row with a value in every field.
inline dispatcher::HistoryRow history_row(std::string visitor, std::int64_t time_ms = 1000) {
  return {.time_ms = time_ms,
          .visitor = std::move(visitor),
          .client = "::1",
          .source = dispatcher::HistorySource::api,
          .request_id = "r-1",
          .file_name = "dog.jpg",
          .image_bytes = 12345,
          .width = 640,
          .height = 480,
          .worker = "localhost:8888",
          .model = "squeezenet1_1",
          .trained = false,
          .top = {{"Samoyed", 258, 0.93}, {"wolf", std::nullopt, 0.0625}},
          .times = {1, 2, 3, 4, 5, 16},
          .thumbnail = std::string("\xff\xd8\0jpeg", 7)};
}

}  // namespace samoyed::test
