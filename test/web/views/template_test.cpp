#include "web/views/template.hpp"

#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

std::string filled(std::string_view text, const Values& values) {
  const Template parsed(text);
  return parsed.fill(values).text();
}

TEST_CASE("a template is filled with escaped texts and with markup as it is") {
  const Template element("<b>{{word}}</b>");
  const Html bold = element.fill({{"word", "a<b"}});
  CHECK(filled("{{x}}-{{{y}}}-{{x}}", {{"x", "{{y}}"}, {"y", bold}}) ==
        "{{y}}-<b>a&lt;b</b>-{{y}}");
}

TEST_CASE("a text can't become markup, nor markup be escaped twice") {
  const Template element("<b>");
  const Html markup = element.fill({});
  CHECK_THROWS_AS(filled("{{{x}}}", {{"x", "<script>"}}), std::logic_error);
  CHECK_THROWS_AS(filled("{{x}}", {{"x", markup}}), std::logic_error);
}

TEST_CASE("a condition chooses between two parts") {
  const std::string_view text = "{{#if x}}a{{else}}b{{/if}}{{#if x}}c{{/if}}";
  CHECK(filled(text, {{"x", true}}) == "ac");
  CHECK(filled(text, {{"x", false}}) == "b");
  CHECK(filled(text, {{"x", "text"}}) == "ac");
  CHECK(filled(text, {{"x", std::string()}}) == "b");
  const Html markup;
  CHECK(filled(text, {{"x", markup}}) == "b");
  CHECK(filled(text, {{"x", std::vector<Values>(2)}}) == "ac");
  CHECK(filled(text, {{"x", std::vector<Values>()}}) == "b");
}

TEST_CASE("a part is repeated for each item of a list, with the item's names only") {
  const std::string_view text = "{{x}}:{{#each rows}}[{{x}}]{{else}}none {{x}}{{/each}}";
  const std::vector<Values> rows{{{"x", "<"}}, {{"x", std::string("b")}}};
  CHECK(filled(text, {{"x", "out"}, {"rows", rows}}) == "out:[&lt;][b]");
  CHECK(filled(text, {{"x", "out"}, {"rows", std::vector<Values>()}}) == "out:none out");
  CHECK_THROWS_AS(
      filled("{{x}}{{#each rows}}{{x}}{{/each}}", {{"x", "out"}, {"rows", std::vector<Values>(1)}}),
      std::logic_error);
}

TEST_CASE("a single item is a list of one") {
  const Values item{{"y", "1"}, {"z", "2"}};
  CHECK(filled("{{#with x}}{{y}}{{z}}{{/with}}", {{"x", item}}) == "12");
}

TEST_CASE("templates contain others") {
  const Template outer("<{{> inner}}|{{#each rows}}{{> inner}}{{/each}}>",
                       {{"inner", "{{x}}{{> leaf}}"}, {"leaf", "."}});
  const std::vector<Values> rows{{{"x", "1"}}, {{"x", "2"}}};
  CHECK(outer.fill({{"x", "0"}, {"rows", rows}}).text() == "<0.|1.2.>");
}

TEST_CASE("a tag alone on its line leaves no line break, and values leave theirs") {
  const Template text(
      "{{#if x}}\n"
      "a\n"
      "{{else}}\n"
      "b\n"
      "{{/if}}\n"
      "{{> part}}\n"
      "{{#if x}}c{{/if}}\n"
      "{{x}}\n",
      {{"part", "{{#if x}}\nd\n{{/if}}\n"}});
  CHECK(text.fill({{"x", "1"}}).text() == "a\nd\nc\n1\n");
  CHECK(text.fill({{"x", ""}}).text() == "b\n\n\n");
}

TEST_CASE("a template and its values must fit each other, even in parts that are left out") {
  CHECK_THROWS_AS(filled("{{a}}", {}), std::logic_error);
  CHECK_THROWS_AS(filled("a", {{"a", "1"}}), std::logic_error);
  CHECK_THROWS_AS(filled("{{#if a}}{{b}}{{/if}}", {{"a", false}}), std::logic_error);
  CHECK_THROWS_AS(filled("{{a}}", {{"a", true}}), std::logic_error);
  CHECK_THROWS_AS(filled("{{#each a}}{{/each}}", {{"a", "1"}}), std::logic_error);
}

TEST_CASE("a mistake in a template is found when it is parsed") {
  for (const std::string_view text :
       {"{{a", "{{{a}}", "{{ a }}", "{{}}", "{{a-b}}", "{{#if}}{{/if}}", "{{#if a}}",
        "{{#if a}}{{else}}", "{{#if a}}{{/each}}", "{{#each a}}{{/if}}", "{{#each a}}", "{{/if}}",
        "{{else}}", "{{#if a}}{{else}}{{else}}{{/if}}", "{{#unless a}}{{/unless}}", "{{> a}}",
        "{{> unclosed}}", "{{> endless}}"}) {
    INFO(text);
    CHECK_THROWS_AS(Template(text, {{"unclosed", "{{#if a}}"}, {"endless", "{{> endless}}"}}),
                    std::logic_error);
  }
}

}  // namespace
}  // namespace samoyed::web
