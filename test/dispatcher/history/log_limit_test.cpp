#include "dispatcher/history/log_limit.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/history/schema.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

/// A reader that needs the log as it was when it began, until it is destroyed.
class LongReader {
 public:
  explicit LongReader(const std::filesystem::path& file) : database_(open_history_reader(file)) {
    database_.execute("BEGIN");
    database_.prepare("SELECT count(*) FROM recognition").step();
  }

 private:
  Database database_;
};

/// Writes bytes until the log exceeds a size.
void fill_log(Database& database, std::uint64_t bytes) {
  database.execute("CREATE TABLE IF NOT EXISTS filler (bytes BLOB)");
  while (database.log_bytes() <= bytes) {
    database.execute("INSERT INTO filler VALUES (zeroblob(1000000))");
  }
}

}  // namespace

TEST_CASE("a log that grew behind a reader is cut back by the next commit after it") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  Database database = open_history(file);
  LogLimit limit;
  LogLimit::Clock::time_point now{};
  {
    const LongReader reader(file);
    fill_log(database, LogLimit::large_bytes);
    limit.committed(database, now);
    CHECK(database.log_bytes() > LogLimit::large_bytes);
  }
  // The writer doesn't wait for readers all the time.
  limit.committed(database, now);
  CHECK(database.log_bytes() > LogLimit::large_bytes);
  now += LogLimit::pause_ms;
  limit.committed(database, now);
  CHECK(database.log_bytes() == 0);
}

TEST_CASE("the writer waits for a reader to end if the log has grown large") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  Database database = open_history(file);
  std::optional<LongReader> reader(file);
  fill_log(database, LogLimit::usual_bytes);
  std::thread ending([&] { reader.reset(); });
  // Far longer than the reader takes on a busy machine.
  database.truncate_log(std::chrono::minutes(2));
  ending.join();
  CHECK(database.log_bytes() == 0);
}

TEST_CASE("an idle writer empties a log that a reader held") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  DatabaseThread writer(open_history(file), DatabaseThread::Kind::writer,
                        {.retry_pause = std::chrono::milliseconds(1)});
  asio::io_context io;
  {
    const LongReader reader(file);
    auto fill = [](Database& database) {
      database.execute("CREATE TABLE filler (bytes BLOB)");
      database.execute("INSERT INTO filler VALUES (zeroblob(6000000))");
      return true;
    };
    test::wait_for(io, writer.run(fill));
  }
  const auto log = file.string() + "-wal";
  for (int tries = 0; tries < 6000 && std::filesystem::file_size(log) > 0; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(std::filesystem::file_size(log) == 0);
}

TEST_CASE("a log that had to grow is cut back when it begins anew") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  database.execute("CREATE TABLE filler (bytes BLOB)");
  database.execute("INSERT INTO filler VALUES (zeroblob(20000000))");
  for (int count = 0; count < 3; ++count) database.execute("INSERT INTO filler VALUES (1)");
  CHECK(database.log_bytes() <= LogLimit::usual_bytes);
}
