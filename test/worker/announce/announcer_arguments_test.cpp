#include "worker/announce/announcer_arguments.hpp"

#include <catch2/catch.hpp>

namespace samoyed::worker {
namespace {

std::optional<AnnouncerArguments> parsed(std::vector<std::string> words) {
  words.insert(words.begin(), "samoyed-announcer");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return parse_announcer_arguments(static_cast<int>(pointers.size()), pointers.data());
}

TEST_CASE("the announcer reads what the worker says") {
  AnnouncerArguments arguments;
  arguments.options.url = "https://example.org/samoyed";
  arguments.options.interval = std::chrono::milliseconds(250);
  arguments.log_format = io::LogFormat::json;
  SECTION("without files") {}
  SECTION("with files") {
    arguments.options.token_file = "/etc/token";
    arguments.options.ca_file = "/etc/ca.pem";
  }
  const auto words = announcer_words(arguments);
  const auto read = parsed(words);
  REQUIRE(read);
  CHECK(announcer_words(*read) == words);
  CHECK(read->options.interval == arguments.options.interval);
}

TEST_CASE("a command line by hand is refused") {
  CHECK_FALSE(parsed({}));
  CHECK_FALSE(parsed({"--help"}));
  CHECK_FALSE(parsed({"http://a", "soon", "", "", "text"}));
}

}  // namespace
}  // namespace samoyed::worker
