#include "samoyed/io/token_file.hpp"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

namespace samoyed::io {
namespace {

using std::filesystem::perms;

const std::string token = "0123456789abcdef";

struct TokenFile {
  TokenFile(const std::string& text, perms permissions) : path(folder.path() / "token") {
    test::write_file(path, text);
    std::filesystem::permissions(path, permissions);
  }
  test::TemporaryFolder folder;
  std::filesystem::path path;
};

TEST_CASE("a token is the file's first line, without blanks around it") {
  const auto permissions = perms::owner_read | perms::owner_write | perms::group_read;
  CHECK(read_token_file(TokenFile(" \t" + token + "\r\nmore\n", permissions).path) == token);
}

TEST_CASE("a file that can't hold a token is an error that says what to do") {
  for (const std::string& text : {std::string(), token.substr(1), std::string(1025, 'x')}) {
    CHECK_THROWS_WITH(read_token_file(TokenFile(text, perms::owner_read).path),
                      Catch::Contains("openssl rand"));
  }
  CHECK_THROWS_WITH(read_token_file("/no/such/file"), Catch::Contains("/no/such/file"));
}

TEST_CASE("a token that every user of the machine can read is refused") {
  CHECK_THROWS_WITH(read_token_file(TokenFile(token, perms::owner_read | perms::others_read).path),
                    Catch::Contains("chmod o= "));
}

}  // namespace
}  // namespace samoyed::io
