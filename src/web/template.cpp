#include "web/template.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace samoyed::web {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Length of the well-formed UTF-8 sequence at the text's beginning, 0 if it is none: The Unicode
/// Standard, table 3-7.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto in = [](unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (in(first, 0xC2, 0xDF)) return in(byte(1), 0x80, 0xBF) ? 2 : 0;
  if (in(first, 0xE0, 0xEF)) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return in(byte(1), low, high) && in(byte(2), 0x80, 0xBF) ? 3 : 0;
  }
  if (in(first, 0xF0, 0xF4)) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    const bool well_formed =
        in(byte(1), low, high) && in(byte(2), 0x80, 0xBF) && in(byte(3), 0x80, 0xBF);
    return well_formed ? 4 : 0;
  }
  return 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
}

/// What stands for itself: pictures come as megabytes of base64, so runs of it are copied whole.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '/' && c <= '9') || c == '+' ||
         c == ' ';
}

void append_escaped(std::string& out, std::string_view sequence) {
  switch (sequence.front()) {
    case '&':
      out += "&amp;";
      return;
    case '<':
      out += "&lt;";
      return;
    case '>':
      out += "&gt;";
      return;
    case '"':
      out += "&quot;";
      return;
    case '\'':
      out += "&#39;";
      return;
    default:
      out += is_control(sequence.front()) ? replacement : sequence;
  }
}

}  // namespace

Html Html::escaped(std::string_view text) {
  Html html;
  html.text_.reserve(text.size());
  while (!text.empty()) {
    const auto special = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto run = static_cast<std::size_t>(special - text.begin());
    html.text_ += text.substr(0, run);
    text.remove_prefix(run);
    if (text.empty()) break;
    const std::size_t length = sequence_length(text);
    append_escaped(html.text_, length == 0 ? replacement : text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return html;
}

Html Html::fill(std::string_view page_template, std::initializer_list<Value> values) {
  Html page;
  std::vector<bool> used(values.size());
  while (true) {
    const std::size_t open = page_template.find("{{");
    page.text_ += page_template.substr(0, open);
    if (open == page_template.npos) break;
    const std::size_t close = page_template.find("}}", open);
    if (close == page_template.npos) throw std::logic_error("template: {{ without }}");
    const std::string_view name = page_template.substr(open + 2, close - open - 2);
    const auto value = std::find_if(values.begin(), values.end(),
                                    [&](const Value& candidate) { return candidate.name == name; });
    if (value == values.end()) {
      throw std::logic_error("template: no value for {{" + std::string(name) + "}}");
    }
    used[static_cast<std::size_t>(value - values.begin())] = true;
    page += value->html;
    page_template.remove_prefix(close + 2);
  }
  const auto unused = std::find(used.begin(), used.end(), false);
  if (unused != used.end()) {
    const auto& value = values.begin()[unused - used.begin()];
    throw std::logic_error("template: no place for {{" + std::string(value.name) + "}}");
  }
  return page;
}

}  // namespace samoyed::web
