#include "protocol/recognition_json.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/wire.hpp"

using namespace samoyed::protocol;

TEST_CASE("a recognition is the JSON of the specification's example") {
  const Recognition recognition{
      .top = {{"Samoyed", 258, 0.93}},
      .width = 1546,
      .height = 1213,
      .times = PhaseTimes{.queue_ms = 0.1, .decode_ms = 9.4, .resize_ms = 2.3, .forward_ms = 7.2}};
  CHECK(recognition_json(recognition) ==
        R"({"top":[{"label":"Samoyed","probability":0.93,"class":258}],"width":1546,"height":1213,)"
        R"("times":{"queue_ms":0.1,"decode_ms":9.4,"resize_ms":2.3,"forward_ms":7.2}})");
}

TEST_CASE("what a recognition doesn't hold isn't written") {
  CHECK(recognition_json(
            {.top = {{"a", {}, 1.0}, {"b", 0, 1e-05}}, .width = 2, .height = 1, .times = {}}) ==
        R"({"top":[{"label":"a","probability":1.0},{"label":"b","probability":1e-05,"class":0}],)"
        R"("width":2,"height":1})");
  CHECK(recognition_json({}) == R"({"top":[],"width":0,"height":0})");
}

TEST_CASE("labels are escaped as JSON wants it, and what is no UTF-8 is replaced") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"Pembroke, Pembroke Welsh corgi", R"("Pembroke, Pembroke Welsh corgi")"},
      {"Jack-o'-lantern", R"("Jack-o'-lantern")"},
      {R"(a "quote")", R"("a \"quote\"")"},
      {R"(back\slash)", R"("back\\slash")"},
      {"line\nend", R"("line\nend")"},
      {std::string("\0\x1F", 2), R"("\u0000\u001f")"},
      {"Bouvier des Flandres \xC3\xA9", "\"Bouvier des Flandres \xC3\xA9\""},
      {"\x7F", "\"\x7F\""},
      {"\xFF", "\"\xEF\xBF\xBD\""},
      {"", R"("")"},
  };
  for (const auto& [label, text] : table) {
    CHECK(recognition_json({.top = {{label, {}, 0.5}}, .width = 0, .height = 0, .times = {}}) ==
          R"({"top":[{"label":)" + text + R"(,"probability":0.5}],"width":0,"height":0})");
  }
}

TEST_CASE("every probability that a network may give is read back as it was") {
  Recognition recognition;
  float probability = 1;
  for (int i = 0; i < 1000; ++i, probability *= 0.97F) {
    recognition.top.push_back({"class " + std::to_string(i), i, double{probability}});
  }
  CHECK(parse_result(recognition_json(recognition), Dialect::extended) == Result(recognition));
}
