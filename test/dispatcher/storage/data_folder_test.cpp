#include "dispatcher/storage/data_folder.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

namespace samoyed::dispatcher {
namespace {

using std::filesystem::perms;

perms permissions_of(const std::filesystem::path& path) {
  return std::filesystem::status(path).permissions();
}

TEST_CASE("a folder that others may enter or list is closed") {
  const test::TemporaryFolder parent;
  const auto folder = parent.path() / "data";
  std::filesystem::create_directory(folder);
  const perms open = GENERATE(perms::others_exec, perms::group_read, perms::all);
  std::filesystem::permissions(folder, perms::owner_all | open);
  prepare_data_folder(folder);
  CHECK(permissions_of(folder) == perms::owner_all);
}

TEST_CASE("a missing folder is created, with the folders above it") {
  const test::TemporaryFolder parent;
  prepare_data_folder(parent.path() / "new" / "data");
  CHECK(permissions_of(parent.path() / "new" / "data") == perms::owner_all);
}

TEST_CASE("a folder that can't be created is an error that says what to do") {
  CHECK_THROWS_WITH(prepare_data_folder("/proc/nowhere"), Catch::Contains("choose another"));
}

TEST_CASE("the key is created once, and only its owner can read it") {
  const test::TemporaryFolder folder;
  const std::string key = load_visitor_key(folder.path());
  CHECK(key.size() == 64);
  CHECK(load_visitor_key(folder.path()) == key);
  CHECK(permissions_of(folder.path() / "visitor-key") == (perms::owner_read | perms::owner_write));
  const test::TemporaryFolder other;
  CHECK(load_visitor_key(other.path()) != key);
}

TEST_CASE("a damaged key is not replaced") {
  const test::TemporaryFolder folder;
  for (const std::string left : {"", "0123456789abcdef\n"}) {
    test::write_file(folder.path() / "visitor-key", left);
    CHECK_THROWS_WITH(load_visitor_key(folder.path()), Catch::Contains("restore it"));
    CHECK(std::filesystem::file_size(folder.path() / "visitor-key") == left.size());
  }
}

}  // namespace
}  // namespace samoyed::dispatcher
