#include "protocol/recognition_json.hpp"

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

namespace samoyed::protocol {
namespace {

using nlohmann::json;

/// Longer than a line of an answer is with nearly every label.
constexpr std::size_t line_bytes_expected = 96;

bool stands_for_itself(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

void append_string(std::string& text, std::string_view value) {
  if (!std::ranges::all_of(value, stands_for_itself)) {
    text += json(value).dump(-1, ' ', false, json::error_handler_t::replace);
    return;
  }
  text += '"';
  text += value;
  text += '"';
}

void append_number(std::string& text, double value) { text += json(value).dump(); }

void append_line(std::string& text, const RankedLabel& ranked) {
  text += R"({"label":)";
  append_string(text, ranked.label);
  text += R"(,"probability":)";
  append_number(text, ranked.probability);
  if (ranked.class_index) {
    text += R"(,"class":)";
    text += std::to_string(*ranked.class_index);
  }
  text += '}';
}

void append_times(std::string& text, const PhaseTimes& times) {
  text += R"({"queue_ms":)";
  append_number(text, times.queue_ms);
  text += R"(,"decode_ms":)";
  append_number(text, times.decode_ms);
  text += R"(,"resize_ms":)";
  append_number(text, times.resize_ms);
  text += R"(,"forward_ms":)";
  append_number(text, times.forward_ms);
  text += '}';
}

}  // namespace

std::string recognition_json(const Recognition& recognition) {
  std::string text;
  text.reserve((recognition.top.size() + 2) * line_bytes_expected);
  text += R"({"top":[)";
  for (const RankedLabel& ranked : recognition.top) {
    if (&ranked != &recognition.top.front()) text += ',';
    append_line(text, ranked);
  }
  text += R"(],"width":)";
  text += std::to_string(recognition.width);
  text += R"(,"height":)";
  text += std::to_string(recognition.height);
  if (recognition.times) {
    text += R"(,"times":)";
    append_times(text, *recognition.times);
  }
  text += '}';
  return text;
}

}  // namespace samoyed::protocol
