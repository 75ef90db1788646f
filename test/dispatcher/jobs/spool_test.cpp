#include "dispatcher/jobs/spool.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "dispatcher/history/schema.hpp"
#include "dispatcher/jobs/job_recovery.hpp"
#include "support/temporary_folder.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

TEST_CASE("a database that is opened again doesn't harm an image that is being written") {
  const test::TemporaryFolder folder;
  const Spool recovering(folder.path() / "spool");
  // Opens the database at the worst moment: the file is complete, but doesn't have its name yet.
  const Spool writing(folder.path() / "spool", [&](JobStep step) {
    if (step != JobStep::image_written) return;
    Database database = open_history(folder.path() / "history.sqlite");
    recover_jobs(database, recovering, {}, Orphans::keep);
  });
  REQUIRE_NOTHROW(writing.write("dog", "an image"));
  CHECK(writing.read("dog") == "an image");
}

TEST_CASE("a file gets its final name once, and can be read and removed under both") {
  const test::TemporaryFolder folder;
  const Spool spool(folder.path() / "spool");
  const bool completed = GENERATE(false, true);
  spool.write("dog", "an image");
  CHECK(spool.ids().empty());
  if (completed) {
    for (int time = 0; time < 2; ++time) spool.complete("dog");
    CHECK(spool.ids() == std::vector<std::string>{"dog"});
  }
  CHECK(spool.incomplete_ids().size() == (completed ? 0 : 1));
  CHECK(spool.read("dog") == "an image");
  spool.remove("dog");
  CHECK(!spool.read("dog"));
}

TEST_CASE("a spool folder that was removed is created again") {
  const test::TemporaryFolder folder;
  const Spool spool(folder.path() / "spool");
  std::filesystem::remove(folder.path() / "spool");
  spool.write("dog", "an image");
  CHECK(spool.read("dog") == "an image");
  CHECK(std::filesystem::status(folder.path() / "spool").permissions() ==
        std::filesystem::perms::owner_all);
}
