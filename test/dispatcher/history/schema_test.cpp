#include "dispatcher/history/schema.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "dispatcher/history/adoption_rows.hpp"
#include "dispatcher/history/commit_mark.hpp"
#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/removals.hpp"
#include "samoyed/io/digest.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using Catch::Matchers::Contains;

namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The error message with which a file is rejected.
std::string refusal(const std::filesystem::path& file) {
  try {
    open_history(file);
  } catch (const StorageError& error) {
    return error.what();
  }
  return "not rejected";
}

}  // namespace

TEST_CASE("another program's database is rejected and left unchanged") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  Database(file, Database::Mode::read_write).execute("CREATE TABLE theirs (a)");
  const std::string before = bytes_of(file);
  CHECK_THAT(refusal(file),
             Contains("another program") && Contains("--data-dir") && !Contains("\n"));
  CHECK(bytes_of(file) == before);
}

TEST_CASE("a file that isn't a database is rejected and left unchanged") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  std::ofstream(file) << std::string(5000, 'x');
  CHECK_THAT(refusal(file), Contains("not a database") && Contains("move it away"));
  CHECK(bytes_of(file) == std::string(5000, 'x'));
}

TEST_CASE("a newer version's file is rejected") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  open_history(file).execute("PRAGMA user_version = 1000");
  CHECK_THAT(refusal(file), Contains("newer version"));
}

TEST_CASE("a damaged file is rejected") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  {
    Database database = open_history(file);
    database.execute("BEGIN");
    for (int count = 0; count < 500; ++count) insert_row(database, test::history_row("me"));
    database.execute("COMMIT");
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  std::fstream damaged(file, std::ios::binary | std::ios::in | std::ios::out);
  // Overwrites a page in the middle.
  damaged.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file) / 8192 * 4096));
  damaged << std::string(4096, '\xee');
  damaged.close();
  CHECK_THAT(refusal(file), Contains("move it away") && !Contains("\n"));
}

TEST_CASE("a file can't be created in a folder that doesn't exist") {
  CHECK_THAT(refusal("/nowhere/history.sqlite"), Contains("unable to open"));
}

TEST_CASE("a reader can't write") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  Database writer = open_history(file);
  Database reader = open_history_reader(file);
  CHECK_THROWS_AS(reader.execute("DELETE FROM recognition"), StorageError);
}

TEST_CASE("the ids of visitors' cookies are replaced by digests, and none stays in the file") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  const std::string id = "0123456789abcdef0123456789abcdef";
  {
    Database database = open_history(file);
    database.execute("BEGIN");
    for (int count = 0; count < 100; ++count) insert_row(database, test::history_row(id));
    database.execute("COMMIT");
    insert_row(database, test::history_row("address 192.0.2.1"));
    insert_row(database, test::history_row(""));  // Of a client without a cookie.
    database.execute(
        "INSERT INTO job (id, state, submitted_ms, changed_ms, due_ms, visitor, client, request_id,"
        " file_name, image_bytes, model, attempts, reason, detail)"
        " VALUES ('job', 2, 0, 0, 0, '" +
        id + "', '::1', 'r', 'f', 1, '', 0, '', '')");
    test::make_version(database, 2);
  }
  Database database = open_history(file);
  const std::string digest = io::digest_hex(id);
  CHECK(find_rows(database, {.visitor = digest, .rows_max = 100}).rows.size() == 100);
  CHECK(find_rows(database, {.visitor = "address 192.0.2.1"}).rows.size() == 1);
  CHECK(find_rows(database, {.visitor = ""}).rows.size() == 1);
  {
    auto job = database.prepare("SELECT visitor FROM job");
    REQUIRE(job.step());
    CHECK(job.text(0) == digest);
  }
  CHECK(can_adopt(database, digest, Adopted::unsigned_only));
  insert_row(database, test::history_row(io::digest_hex("somebody who came later")));
  CHECK(!can_adopt(database, io::digest_hex("somebody who came later"), Adopted::unsigned_only));
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  CHECK(bytes_of(file).find(id) == std::string::npos);
}

TEST_CASE("a new file adopts no unsigned visitors") {
  const test::TemporaryFolder folder;
  Database database = open_history(folder.path() / "history.sqlite");
  insert_row(database, test::history_row("me"));
  CHECK(!can_adopt(database, "me", Adopted::unsigned_only));
}

TEST_CASE("a file of the first version keeps its rows and gets the newer columns") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  {
    Database database = open_history(file);
    insert_row(database, test::history_row("me"));
    test::make_version(database, 1);
  }
  Database database = open_history(file);
  CHECK(find_rows(database, {}).rows.size() == 1);
  CHECK_NOTHROW(database.execute("SELECT owner, claims FROM job"));
}

TEST_CASE("a file of the fifth version gets the mark of commits, and its jobs count as unsigned") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  const auto insert_job = [](Database& database, const std::string& id) {
    database.execute(
        "INSERT INTO job (id, state, submitted_ms, changed_ms, due_ms, visitor, client, request_id,"
        " file_name, image_bytes, model, attempts, reason, detail)"
        " VALUES ('" +
        id + "', 0, 0, 0, 0, '" + id + "', '::1', 'r', 'f', 1, '', 0, '', '')");
  };
  {
    Database database = open_history(file);
    insert_job(database, "before");
    test::make_version(database, 5);
  }
  Database database = open_history(file);
  insert_job(database, "after");
  CHECK(can_adopt(database, "before", Adopted::unsigned_only));
  CHECK(!can_adopt(database, "after", Adopted::unsigned_only));
  CHECK(can_adopt(database, "after", Adopted::all));
  CHECK(commit_mark(database).empty());
  set_commit_mark(database, "mark");
  CHECK(commit_mark(database) == "mark");
}

TEST_CASE("removals in a file of the sixth version go on, and visitors can be adopted") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  {
    Database database = open_history(file);
    for (const auto* visitor : {"me", "you"}) insert_row(database, test::history_row(visitor));
    begin_removal(database, "me");
    test::make_version(database, 6);
  }
  Database database = open_history(file);
  CHECK(resume_removals(database, removed_rows_max) == 1);
  CHECK(begin_adoption(database, "you", "new", Adopted::all));
  CHECK(resume_adoptions(database, adopted_rows_max) == 1);
  CHECK(find_rows(database, {.visitor = "new"}).rows.size() == 1);
}

TEST_CASE("the waiting jobs in a file of the seventh version get turns by clients") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  {
    Database database = open_history(file);
    test::make_version(database, 7);
    int number = 0;
    for (const char* const client : {"one", "one", "two", "one", "done", "two"}) {
      const std::string state = client == std::string("done") ? "2" : "0";
      database.execute(
          "INSERT INTO job (id, state, submitted_ms, changed_ms, due_ms, visitor, client,"
          " request_id, file_name, image_bytes, model, attempts, reason, detail) VALUES ('" +
          std::to_string(++number) + "', " + state + ", 0, 0, 0, '', '" + client +
          "', 'r', 'f', 1, '', 0, '', '')");
    }
  }
  Database database = open_history(file);
  std::string turns;
  auto rows = database.prepare("SELECT id, turn FROM job ORDER BY turn, number");
  while (rows.step()) turns += rows.text(0) + ":" + std::to_string(rows.integer(1)) + " ";
  CHECK(turns == "5:0 1:1 3:1 2:2 6:2 4:3 ");
}

TEST_CASE("what is deleted doesn't stay in the file") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "history.sqlite";
  const std::string secret = "a-name-that-nobody-else-may-see.jpg";
  {
    Database database = open_history(file);
    for (const std::string name : {"before.jpg", secret.c_str(), "after.jpg"}) {
      HistoryRow row = test::history_row(name == secret ? "me" : "you");
      row.file_name = name;
      insert_row(database, row);
    }
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    REQUIRE_THAT(bytes_of(file), Contains(secret));
    CHECK(continue_removal(database, begin_removal(database, "me"), removed_rows_max) == 1);
  }
  CHECK_THAT(bytes_of(file), !Contains(secret) && Contains("after.jpg"));
}
