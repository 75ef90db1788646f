#include "web/http/url.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("targets are split into path and query") {
  struct Case {
    std::string_view text;
    std::optional<std::string_view> path;
    std::string_view query;
  };
  const auto one = GENERATE(values<Case>({
      {"/", "/", ""},
      {"/a/b?c=d?e", "/a/b", "c=d?e"},
      {"//x", "//x", ""},
      {"http://host:1/a?b", "/a", "b"},
      {"HTTP://host", "/", ""},
      {"*", std::nullopt, ""},
      {"host:443", std::nullopt, ""},
      {"ftp://host/", std::nullopt, ""},
      {"http://host?b", "/", "b"},
      {"", std::nullopt, ""},
  }));
  INFO(one.text);
  const auto target = parse_target(one.text);
  REQUIRE(target.has_value() == one.path.has_value());
  if (!target) return;
  CHECK(target->path == *one.path);
  CHECK(target->query == one.query);
}

TEST_CASE("the absolute form has an authority") {
  CHECK(parse_target("/a")->authority == std::nullopt);
  CHECK(parse_target("http://host:1/a")->authority == "host:1");
  CHECK(parse_target("https://u@[::1]?a")->authority == "u@[::1]");
  CHECK(parse_target("http:///a")->authority == "");
}

TEST_CASE("percent encoding and decoding") {
  CHECK(percent_decode("a%5B%3a+") == "a[:+");
  CHECK(percent_decode("%41") == "A");
  CHECK(percent_decode("token%21") == "token!");
  CHECK(percent_decode("%4") == std::nullopt);
  CHECK(percent_decode("%4g") == std::nullopt);
  CHECK(percent_decode("%") == std::nullopt);
  CHECK(percent_encode("[::1]:8888") == "[::1]:8888");
  CHECK(percent_encode("a b\r\n\xC3/?") == "a%20b%0D%0A%C3%2F%3F");
}

TEST_CASE("query values are found and decoded") {
  CHECK(query_value("address=a%3A1&address=b", "address") == "a:1");
  CHECK(query_value("x=y&address=a+b", "address") == "a b");
  CHECK(query_value("address", "address") == "");
  CHECK(query_value("addressed=x", "address") == std::nullopt);
  CHECK(query_value("address=%zz", "address") == std::nullopt);
  CHECK(query_value("", "address") == std::nullopt);
}

}  // namespace
}  // namespace samoyed::web
