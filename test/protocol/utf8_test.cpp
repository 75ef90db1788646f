#include "samoyed/protocol/utf8.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace samoyed::protocol {
namespace {

TEST_CASE("a text from outside becomes valid UTF-8") {
  struct Case {
    std::string_view text;
    std::string_view valid;
  };
  const auto one = GENERATE(values<Case>({
      {"", ""},
      {"dog.jpg", "dog.jpg"},
      {"Café €🐶", "Café €🐶"},
      {"line\r\n\t\x1b", "line\r\n\t\x1b"},
      {"Caf\xE9.jpg", "Caf\uFFFD.jpg"},
      // An overlong slash, a surrogate, a code point that is too large, truncated sequences.
      {"\xC0\xAF", "\uFFFD\uFFFD"},
      {"\xF0\x80\x80\xAF", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xE2\x82", "\uFFFD\uFFFD"},
      {"\xE2x", "\uFFFDx"},
  }));
  CHECK(to_utf8(one.text) == one.valid);
  CHECK(is_utf8(one.text) == (one.text == one.valid));
}

TEST_CASE("a line for a person has no control characters") {
  struct Case {
    std::string_view text;
    std::string_view printable;
  };
  const auto one = GENERATE(values<Case>({
      {"Café €🐶", "Café €🐶"},
      {"\x1b[2J", "\uFFFD[2J"},
      {"a\r\n\tb", "a\uFFFD\uFFFD\uFFFDb"},
      {"\x7F", "\uFFFD"},
      {"\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", "\uFFFD\uFFFD\uFFFD\u00A0"},
      {"\x9B", "\uFFFD"},
      {"gnp.\u202Egod.exe", "gnp.\uFFFDgod.exe"},
      {"\u2027\u2028\u2029\u202A\u202F", "\u2027\uFFFD\uFFFD\uFFFD\u202F"},
      {"\u2065\u2066\u2069\u206A", "\u2065\uFFFD\uFFFD\u206A"},
  }));
  CHECK(to_printable(one.text) == one.printable);
  CHECK(to_printable(to_printable(one.text)) == one.printable);
}

TEST_CASE("every byte alone becomes valid and printable") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    INFO(byte);
    CHECK(is_utf8(to_utf8(text)));
    CHECK((to_printable(text) == text) == (byte >= 0x20 && byte < 0x7F));
  }
}

TEST_CASE("JSON has its terminal controls escaped and keeps its meaning") {
  const nlohmann::json value = "a\x1b\x7F \xC2\x80\xC2\x9B\xC2\x9F \u00A0é€";
  const std::string escaped = escape_json_controls(value.dump());
  CHECK(escaped == "\"a\\u001b\\u007f \\u0080\\u009b\\u009f \u00A0é€\"");
  CHECK(nlohmann::json::parse(escaped) == value);
  CHECK(escape_json_controls("{}") == "{}");
}

}  // namespace
}  // namespace samoyed::protocol
