#include "dispatcher/client/image_files.hpp"

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

using namespace samoyed;
using namespace samoyed::clientsocket;

TEST_CASE("folders are searched for images in the order of their names") {
  const test::TemporaryFolder folder;
  const auto root = folder.path();
  std::filesystem::create_directories(root / "walked" / "deep");
  for (const char* name :
       {"b.jpg", "a.PNG", "c.Jpeg", "d.bmp", "e.webp", "f.txt", "jpg", "deep/z.jpg"}) {
    test::write_file(root / "walked" / name, "x");
  }
  test::write_file(root / "given.txt", "x");
  std::vector<std::string> names;
  for (const auto& path :
       list_image_files({root / "given.txt", root / "walked", root / "missing.jpg"})) {
    names.push_back(std::filesystem::relative(path, root).string());
  }
  CHECK(names == std::vector<std::string>{"given.txt", "walked/a.PNG", "walked/b.jpg",
                                          "walked/c.Jpeg", "walked/d.bmp", "walked/deep/z.jpg",
                                          "walked/e.webp", "missing.jpg"});
}

TEST_CASE("a folder without images gives an empty list") {
  const test::TemporaryFolder folder;
  test::write_file(folder.path() / "readme.txt", "x");
  CHECK(list_image_files({folder.path()}).empty());
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
}
