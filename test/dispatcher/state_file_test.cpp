#include "dispatcher/state_file.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "support/power_cut.hpp"
#include "support/temporary_folder.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using Catch::Matchers::Contains;

TEST_CASE("a saved list is loaded in the same order") {
  const test::TemporaryFolder folder;
  const std::vector<protocol::Address> addresses{
      {"localhost", 8888}, {"::1", 7777}, {"10.10.1.1", 1}};
  StateFile(folder.path() / "workers").save(addresses);
  CHECK(StateFile(folder.path() / "workers").load() == addresses);
  StateFile(folder.path() / "workers").save({});
  CHECK(StateFile(folder.path() / "workers").load().empty());
  // Only the file itself remains.
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a missing file is an empty list") {
  const test::TemporaryFolder folder;
  CHECK(StateFile(folder.path() / "none").load().empty());
}

TEST_CASE("a person may edit the file") {
  const test::TemporaryFolder folder;
  test::write_file(folder.path() / "workers", "# mine\n\nLocalHost:8888\n[::1]:7777");
  CHECK(StateFile(folder.path() / "workers").load() ==
        std::vector<protocol::Address>{{"localhost", 8888}, {"::1", 7777}});
}

TEST_CASE("a line that isn't an address is an error that names the line") {
  const test::TemporaryFolder folder;
  test::write_file(folder.path() / "workers", "localhost:8888\nlocalhost\n");
  CHECK_THROWS_WITH(StateFile(folder.path() / "workers").load(),
                    Contains("workers, line 2: not a worker address; expected HOST:PORT"));
}

TEST_CASE("a file that is far too large is rejected before it is read") {
  const test::TemporaryFolder folder;
  test::write_file(folder.path() / "workers", std::string(2 << 20, '#'));
  CHECK_THROWS_WITH(StateFile(folder.path() / "workers").load(), Contains("too large"));
}

TEST_CASE("a path that can't be a worker list is an error that says what to do") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(StateFile(folder.path()).load(),
                    folder.path().string() + " isn't a regular file; choose another --state file");
  const std::string long_name(300, 'x');
  CHECK_THROWS_WITH(StateFile(folder.path() / long_name).load(),
                    Contains("can't be read (File name too long); choose another --state file"));
}

TEST_CASE("a list that can't be saved is an error, and the old list remains") {
  const test::TemporaryFolder folder;
  StateFile file(folder.path() / "workers");
  file.save({{"localhost", 8888}});
  std::filesystem::create_directory(folder.path() / "workers.new");
  CHECK_THROWS_AS(file.save({}), std::system_error);
  CHECK(file.load() == std::vector<protocol::Address>{{"localhost", 8888}});
}

TEST_CASE("a list that was saved survives a power cut") {
  const test::TemporaryFolder folder;
  const test::PowerCut power_cut(folder.path());
  StateFile file(folder.path() / "workers");
  for (const std::vector<protocol::Address>& addresses :
       {std::vector<protocol::Address>{{"localhost", 8888}},
        {{"::1", 7777}, {"10.10.1.1", 1}},
        {}}) {
    file.save(addresses);
    const test::TemporaryFolder remains;
    power_cut.leave(remains.path());
    REQUIRE(std::filesystem::exists(remains.path() / "workers"));
    CHECK(StateFile(remains.path() / "workers").load() == addresses);
  }
}
