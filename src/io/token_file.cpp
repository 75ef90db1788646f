#include "samoyed/io/token_file.hpp"

#include <fstream>
#include <stdexcept>
#include <system_error>

namespace samoyed::io {
namespace {

/// 16 random characters of base64 are 96 bits, which can't be guessed.
constexpr std::size_t token_length_min = 16;
constexpr std::size_t token_length_max = 1024;

bool others_may_read(const std::filesystem::path& path) {
  std::error_code missing;  // Then reading it fails too.
  const auto permissions = std::filesystem::status(path, missing).permissions();
  return !missing &&
         (permissions & std::filesystem::perms::others_read) != std::filesystem::perms::none;
}

}  // namespace

std::string read_token_file(const std::filesystem::path& path) {
  if (others_may_read(path)) {
    throw std::runtime_error("every user of this machine can read " + path.string() +
                             "; replace the token and run: chmod o= " + path.string());
  }
  std::ifstream file(path);
  std::string token;
  std::getline(file, token);
  const auto begin = token.find_first_not_of(" \t\r");
  token =
      begin == token.npos ? "" : token.substr(begin, token.find_last_not_of(" \t\r") - begin + 1);
  if (token.size() < token_length_min || token.size() > token_length_max) {
    throw std::runtime_error("the first line of " + path.string() + " must be a token of " +
                             std::to_string(token_length_min) + " to " +
                             std::to_string(token_length_max) +
                             " characters; create one with: openssl rand -base64 24");
  }
  return token;
}

}  // namespace samoyed::io
