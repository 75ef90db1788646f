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
    recover_jobs(database, recovering, Orphans::keep);
  });
  REQUIRE_NOTHROW(writing.write("dog", "an image"));
  CHECK(writing.read("dog") == "an image");
}

TEST_CASE("a start removes files that were never complete") {
  const test::TemporaryFolder folder;
  const Spool spool(folder.path() / "spool");
  std::ofstream(folder.path() / "spool" / "cat.new") << "half an im";
  spool.write("dog", "an image");
  CHECK(spool.ids() == std::vector<std::string>{"dog"});
  spool.remove_incomplete();
  CHECK(!std::filesystem::exists(folder.path() / "spool" / "cat.new"));
  CHECK(spool.ids() == std::vector<std::string>{"dog"});
}
