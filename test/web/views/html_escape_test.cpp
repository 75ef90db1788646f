#include "web/views/html_escape.hpp"

#include <cctype>
#include <string>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

std::string escaped(std::string_view text) {
  std::string html;
  append_escaped(html, text);
  return html;
}

TEST_CASE("text becomes markup that shows the same text") {
  struct Case {
    std::string_view text;
    std::string_view html;
  };
  const auto one = GENERATE(values<Case>({
      {"", ""},
      {"crane bird", "crane bird"},
      {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
      {"\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"},
      {"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xB6", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xB6"},
      {"a\x01"
       "b\x7F",
       "a\xEF\xBF\xBD"
       "b\xEF\xBF\xBD"},
      {"\xC2\x9B 2J \xC2\xA0 \u202E", "\uFFFD 2J \xC2\xA0 \u202E"},
      // Invalid UTF-8: a lone byte, an overlong slash, a surrogate, a code point that is too large,
      // truncated sequences.
      {"\xFF<", "\xEF\xBF\xBD&lt;"},
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xE2<b>", "\xEF\xBF\xBD&lt;b&gt;"},
  }));
  CHECK(escaped(one.text) == one.html);
}

TEST_CASE("every byte is escaped in the same way, alone and anywhere in a long text") {
  const std::string around(200, 'x');
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    const std::string alone = escaped(text);
    const bool letter_or_digit = byte < 0x80 && std::isalnum(byte);
    const bool visible = byte > 0x20 && byte < 0x7F;
    const bool special =
        std::string_view("&<>\"'").find(static_cast<char>(byte)) != std::string_view::npos;
    INFO(byte);
    CHECK((alone == text) == (letter_or_digit || (visible && !special) || byte == ' ' ||
                              byte == '\n' || byte == '\t'));
    for (const std::size_t place : std::initializer_list<std::size_t>{0, 63, 64, 130, 199}) {
      const std::string before = around.substr(0, place);
      const std::string after = around.substr(place);
      CHECK(escaped(before + text + after) == before + alone + after);
    }
  }
}

}  // namespace
}  // namespace samoyed::web
