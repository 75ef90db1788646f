#include "support/power_cut.hpp"

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

namespace samoyed::test {
namespace {

namespace fs = std::filesystem;

void sync(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  REQUIRE(fsync(descriptor) == 0);
  close(descriptor);
}

struct PowerCutTest {
  /// A file's content after a power cut now; std::nullopt if it is gone.
  std::optional<std::string> left(const std::string& name) const {
    const TemporaryFolder remains;
    power_cut.leave(remains.path());
    std::ifstream file(remains.path() / name);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  TemporaryFolder folder;
  PowerCut power_cut{folder.path()};
  fs::path file = folder.path() / "file";
};

TEST_CASE_METHOD(PowerCutTest, "a file stays if its content and its name were synced") {
  write_file(file, "one");
  CHECK(left("file") == std::nullopt);
  sync(file);
  CHECK(left("file") == std::nullopt);
  sync(folder.path());
  CHECK(left("file") == "one");
  write_file(file, "two");
  CHECK(left("file") == "one");
  sync(file);
  CHECK(left("file") == "two");
}

TEST_CASE_METHOD(PowerCutTest, "a file whose content wasn't synced is empty") {
  write_file(file, "one");
  sync(folder.path());
  CHECK(left("file") == "");
}

TEST_CASE_METHOD(PowerCutTest, "a rename or a removal is lost until the folder is synced") {
  write_file(file, "one");
  sync(file);
  sync(folder.path());
  write_file(folder.path() / "new", "two");
  sync(folder.path() / "new");
  fs::rename(folder.path() / "new", file);
  CHECK(left("file") == "one");
  sync(folder.path());
  CHECK(left("file") == "two");
  fs::remove(file);
  CHECK(left("file") == "two");
  sync(folder.path());
  CHECK(left("file") == std::nullopt);
}

TEST_CASE_METHOD(PowerCutTest, "a folder keeps what was synced in it") {
  fs::create_directory(folder.path() / "sub");
  write_file(folder.path() / "sub" / "file", "one");
  sync(folder.path() / "sub" / "file");
  sync(folder.path());
  CHECK(left("sub/file") == std::nullopt);
  sync(folder.path() / "sub");
  CHECK(left("sub/file") == "one");
}

}  // namespace
}  // namespace samoyed::test
