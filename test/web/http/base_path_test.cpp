#include "web/http/base_path.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "web/http/responses.hpp"

namespace samoyed::web {
namespace {

TEST_CASE("a base path consists of plain segments") {
  CHECK(parse_base_path("") == "");
  CHECK(parse_base_path("/") == "");
  CHECK(parse_base_path("/samoyed") == "/samoyed");
  CHECK(parse_base_path("/tools/samo_y-e.d~/") == "/tools/samo_y-e.d~");
  CHECK(parse_base_path("/" + std::string(199, 'a')));
  for (const std::string& wrong :
       {std::string("samoyed"), std::string("//evil.example"), std::string("/a//b"),
        std::string("/."), std::string("/a/.."), std::string("/a\"b"), std::string("/a\r\nb"),
        std::string("/a b"), std::string("/a%41"), "/" + std::string(200, 'a')}) {
    INFO(wrong);
    CHECK_FALSE(parse_base_path(wrong));
  }
}

TEST_CASE("the base path is removed from a request's path, if it is there") {
  CHECK(without_base_path("/samoyed", "/samoyed") == "/");
  CHECK(without_base_path("/samoyed/", "/samoyed") == "/");
  CHECK(without_base_path("/samoyed/results", "/samoyed") == "/results");
  CHECK(without_base_path("/samoyeds/results", "/samoyed") == "/samoyeds/results");
  CHECK(without_base_path("/results", "/samoyed") == "/results");
  CHECK(without_base_path("/results", "") == "/results");
}

TEST_CASE("every address in a response gets the base path") {
  Response response = html_response(
      200, R"(<a href="/results?a=b"><img src="/icon.svg" alt="/ src=&quot;/x"><form action="/">)"
           R"(<i data-numbers="/n" title="/t">="/no</i>)");
  response.fields.push_back({"Location", "/add/a:1"});
  response.fields.push_back({"Set-Cookie", "a=b; Path=/; HttpOnly"});
  response.fields.push_back({"Set-Cookie", "__Host-a=b; Path=/; HttpOnly"});
  Response same = response;
  add_base_path(same, "");
  CHECK(same.body == response.body);

  add_base_path(response, "/dogs");
  CHECK(response.body ==
        R"(<a href="/dogs/results?a=b"><img src="/dogs/icon.svg" alt="/ src=&quot;/x">)"
        R"(<form action="/dogs/"><i data-numbers="/dogs/n" title="/t">="/no</i>)");
  CHECK(find_field(response.fields, "Location") == "/dogs/add/a:1");
  CHECK(response.fields.end()[-2].value == "a=b; Path=/dogs; HttpOnly");
  CHECK(response.fields.back().value == "__Host-a=b; Path=/; HttpOnly");
}

TEST_CASE("only pages are changed") {
  Response response = json_response(200, R"({"a":" src="/x"})");
  add_base_path(response, "/dogs");
  CHECK(response.body == R"({"a":" src="/x"})");
}

}  // namespace
}  // namespace samoyed::web
