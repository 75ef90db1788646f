#include "web/apidoc/api_texts.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

TEST_CASE("text between backticks is code") {
  static const Template page(
      "{{#each parts}}{{#if code}}<{{text}}>{{else}}{{text}}{{/if}}{{/each}}", {});
  const auto shown = [](std::string_view sentence) {
    return page.fill({{"parts", prose_parts(sentence)}}).text();
  };
  CHECK(shown("Use `a` or `b`.") == "Use <a> or <b>.");
  CHECK(shown("`a`") == "<a>");
  CHECK(shown("") == "");
  CHECK(shown("a < b") == "a &lt; b");
}

TEST_CASE("a schema is described in words") {
  const auto described = [](const char* schema) { return type_text(Json::parse(schema)); };
  CHECK(described(R"({"type": "integer", "minimum": 1, "maximum": 9})") == "integer, 1 to 9");
  CHECK(described(R"({"type": "integer", "minimum": 1})") == "integer, at least 1");
  CHECK(described(R"({"type": "integer", "maximum": 9})") == "integer, at most 9");
  CHECK(described(R"({"type": "string", "maxLength": 9})") == "string, at most 9 characters");
  CHECK(described(R"({"type": "boolean"})") == "boolean");
  CHECK(described(R"({"type": "string", "enum": ["a", "b", "c"]})") == "a, b or c");
}

TEST_CASE("an example is shown in several lines if it is JSON") {
  CHECK(example_text(Json::parse(R"({"a": 1})")) == "{\n  \"a\": 1\n}\n");
  CHECK(example_text(Json("ok\n")) == "ok\n");
}

}  // namespace
}  // namespace samoyed::web
