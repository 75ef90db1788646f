#include "dispatcher/load/options.hpp"

#include <sstream>

#include <catch2/catch.hpp>

using namespace samoyed;
using load::HttpUrl;
using load::Options;

namespace {

/// Parses a command line. Returns std::nullopt if it is rejected, with a status other than 0.
std::optional<Options> parse(const std::string& line) {
  std::vector<std::string> words{"bench"};
  std::istringstream stream(line);
  for (std::string word; stream >> word;) words.push_back(word);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int exit_status = 0;
  auto options =
      load::parse_options(static_cast<int>(arguments.size()), arguments.data(), exit_status);
  CHECK(options.has_value() == (exit_status == 0));
  return options;
}

}  // namespace

TEST_CASE("the URL of a page") {
  const std::pair<std::string, std::optional<HttpUrl>> table[] = {
      {"http://localhost:9999/", HttpUrl{{"localhost", 9999}, "/"}},
      {"http://localhost:9999", HttpUrl{{"localhost", 9999}, "/"}},
      {"http://example.org", HttpUrl{{"example.org", 80}, "/"}},
      {"http://[::1]:8/a/b?c=d", HttpUrl{{"::1", 8}, "/a/b?c=d"}},
      {"http://[::1]", HttpUrl{{"::1", 80}, "/"}},
      {"http://[fe80::1%25eth0]:80/", HttpUrl{{"fe80::1%eth0", 80}, "/"}},
      {"http://[fe80::1%eth0]/", HttpUrl{{"fe80::1%eth0", 80}, "/"}},
      {"http://::1", {}},
      {"http://", {}},
      {"http:///path", {}},
      {"http://a:0/", {}},
      {"http://a:/", {}},
      {"https://a/", {}},
      {"a:80", {}},
      {"http://a/b c", {}},
      {"http://a/b\r\nc", {}}};
  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(load::parse_http_url(text) == expected);
  }
}

TEST_CASE("bench's options") {
  const auto closed = parse("--worker a:1 --worker [::1]:2 --clients 8 --seconds 0.5 a.jpg b.jpg");
  REQUIRE(closed);
  CHECK(closed->workers == std::vector<protocol::Address>{{"a", 1}, {"::1", 2}});
  CHECK(closed->clients == 8);
  CHECK_FALSE(closed->rate_per_s);
  CHECK(closed->duration == std::chrono::milliseconds(500));
  CHECK(closed->images.size() == 2);
  const auto open = parse(
      "--http http://a/ --rate 12.5 --seed 7 --warm-up-seconds 0 --in-flight-max 3 "
      "--fresh-connections --json a.jpg");
  REQUIRE(open);
  CHECK(open->http == HttpUrl{{"a", 80}, "/"});
  CHECK(open->rate_per_s == 12.5);
  CHECK(open->seed == 7);
  CHECK(open->warm_up == std::chrono::milliseconds(0));
  CHECK(open->in_flight_max == 3);
  CHECK(open->fresh_connections);
  CHECK(open->json);
  CHECK(open->images_per_request == 1);
  CHECK(parse("--http http://a/ --images-per-request 16 a.jpg")->images_per_request == 16);
}

TEST_CASE("bench rejects command lines that it can't carry out") {
  for (const std::string line :
       {"a.jpg", "--worker a:1", "--worker a a.jpg", "--http a a.jpg",
        "--worker a:1 --http http://a/ a.jpg", "--worker a:1 --clients 2 --rate 3 a.jpg",
        "--worker a:1 --clients 0 a.jpg", "--worker a:1 --rate 0 a.jpg",
        "--worker a:1 --rate nan a.jpg", "--worker a:1 --seconds nan a.jpg",
        "--worker a:1 --seconds 0 a.jpg", "--worker a:1 --seconds 1e9 a.jpg",
        "--worker a:1 --in-flight-max 0 a.jpg", "--http http://a/ --images-per-request 201 a.jpg",
        "--worker a:1 --images-per-request 2 a.jpg"}) {
    INFO(line);
    CHECK_FALSE(parse(line));
  }
}
