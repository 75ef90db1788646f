#include "dispatcher/client/image_files.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "samoyed/protocol/image_formats.hpp"
#include "support/temporary_folder.hpp"

using namespace samoyed;
using namespace samoyed::clientsocket;

namespace {

std::vector<std::string> relative_names(const std::filesystem::path& root,
                                        const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(path.lexically_relative(root).string());
  return names;
}

}  // namespace

TEST_CASE("folders are searched for images in the order of their names") {
  const test::TemporaryFolder folder;
  const auto root = folder.path();
  std::filesystem::create_directories(root / "walked" / "deep");
  for (const char* name :
       {"b.jpg", "a.PNG", "c.Jpeg", "d.bmp", "e.webp", "f.txt", "jpg", "deep/z.jpg"}) {
    test::write_file(root / "walked" / name, "x");
  }
  test::write_file(root / "given.txt", "x");
  const ImageSearch found =
      find_image_files({root / "given.txt", root / "walked", root / "missing.jpg"});
  CHECK(relative_names(root, found.files) ==
        std::vector<std::string>{"given.txt", "walked/a.PNG", "walked/b.jpg", "walked/c.Jpeg",
                                 "walked/d.bmp", "walked/deep/z.jpg", "walked/e.webp",
                                 "missing.jpg"});
  CHECK(found.skipped == std::vector<LeftOut>{{root / "walked/f.txt", "extension .txt"},
                                              {root / "walked/jpg", "no extension"}});
  CHECK(found.unsearched.empty());
}

TEST_CASE("every extension of the table of formats is an image's") {
  const test::TemporaryFolder folder;
  std::size_t count = 0;
  for (const protocol::ImageFormat& format : protocol::image_formats) {
    for (const std::string_view extension : format.extensions) {
      if (extension.empty()) continue;
      test::write_file(folder.path() / ("image" + std::string(extension)), "x");
      ++count;
    }
  }
  CHECK(find_image_files({folder.path()}).files.size() == count);
  CHECK(find_image_files({folder.path()}).skipped.empty());
}

TEST_CASE("links that lead to no file are skipped with their reason, links to images aren't") {
  const test::TemporaryFolder folder;
  const auto root = folder.path();
  std::filesystem::create_directories(root / "photos" / "deep");
  test::write_file(root / "photos" / "deep" / "a.jpg", "x");
  std::filesystem::create_symlink("deep/a.jpg", root / "photos" / "image.jpg");
  std::filesystem::create_symlink("gone.jpg", root / "photos" / "lost.jpg");
  std::filesystem::create_symlink(".", root / "photos" / "loop");
  const ImageSearch found = find_image_files({root / "photos"});
  CHECK(relative_names(root, found.files) ==
        std::vector<std::string>{"photos/deep/a.jpg", "photos/image.jpg"});
  CHECK(found.skipped == std::vector<LeftOut>{{root / "photos/loop", "link to a folder"},
                                              {root / "photos/lost.jpg", "link to nothing"}});
}

TEST_CASE("a folder that can't be searched is reported, and the others are searched") {
  const test::TemporaryFolder folder;
  const auto root = folder.path();
  std::filesystem::create_directories(root / "photos" / "deep");
  test::write_file(root / "photos" / "deep" / "a.jpg", "x");
  test::write_file(root / "photos" / "b.jpg", "x");
  std::filesystem::permissions(root / "photos" / "deep", std::filesystem::perms::none);
  const ImageSearch found = find_image_files({root / "photos"});
  std::filesystem::permissions(root / "photos" / "deep", std::filesystem::perms::owner_all);
  if (geteuid() == 0) {
    WARN("skipped: needs a user other than root, who may search every folder");
    return;
  }
  CHECK(found.files == std::vector<std::filesystem::path>{root / "photos/b.jpg"});
  CHECK(found.unsearched == std::vector<LeftOut>{{root / "photos/deep", "Permission denied"}});
}

TEST_CASE("a few skipped files are named, many are counted by their reason") {
  CHECK(describe_skipped({}).empty());
  std::vector<LeftOut> skipped{{"a/notes.txt", "extension .txt"}};
  CHECK(describe_skipped(skipped) ==
        std::vector<std::string>{"Skipped a/notes.txt (extension .txt)"});
  skipped.insert(skipped.end(), 10, LeftOut{"b", "no extension"});
  CHECK(describe_skipped(skipped) == std::vector<std::string>{"Skipped 1 file (extension .txt)",
                                                              "Skipped 10 files (no extension)"});
}

TEST_CASE("a file is read completely, or an error is returned") {
  const test::TemporaryFolder folder;
  const std::string bytes("a\0b\n", 4);
  test::write_file(folder.path() / "image", bytes);
  const auto read = read_image_file(folder.path() / "image");
  REQUIRE(std::get_if<std::vector<std::byte>>(&read));
  const auto& got = std::get<std::vector<std::byte>>(read);
  CHECK(std::string(reinterpret_cast<const char*>(got.data()), got.size()) == bytes);

  const auto missing = read_image_file(folder.path() / "missing");
  CHECK(std::get<std::string>(missing) == "can't be read: No such file or directory");
  CHECK(std::holds_alternative<std::string>(read_image_file(folder.path())));
  test::write_file(folder.path() / "empty.jpg", "");
  CHECK(std::get<std::string>(read_image_file(folder.path() / "empty.jpg")) ==
        "The file is empty.");
}
