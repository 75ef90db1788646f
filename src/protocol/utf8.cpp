#include "samoyed/protocol/utf8.hpp"

#include <algorithm>

namespace samoyed::protocol {
namespace {

/// Copies the text, except that sequences for which `rejected` returns true, and bytes that aren't
/// UTF-8, become U+FFFD.
template <typename Predicate>
std::string replace_if(std::string_view text, Predicate rejected) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    result += length == 0 || rejected(sequence) ? replacement_character : sequence;
    text.remove_prefix(sequence.size());
  }
  return result;
}

unsigned byte_of(char c) { return static_cast<unsigned char>(c); }

bool is_c0_or_del(char c) { return byte_of(c) < 0x20 || c == 0x7F; }

/// U+0080 to U+009F.
bool is_c1(std::string_view sequence) {
  return sequence.size() >= 2 && sequence[0] == '\xC2' && byte_of(sequence[1]) >= 0x80 &&
         byte_of(sequence[1]) <= 0x9F;
}

}  // namespace

std::size_t utf8_sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? byte_of(text[i]) : 0U; };
  const auto in = [](unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
  };
  const unsigned first = byte(0);
  if (text.empty()) return 0;
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

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_control(std::string_view sequence) {
  return is_c0_or_del(sequence.front()) || is_c1(sequence);
}

std::string to_utf8(std::string_view text) {
  return replace_if(text, [](std::string_view) { return false; });
}

std::string to_printable(std::string_view text) {
  return replace_if(text, [](std::string_view sequence) {
    const bool separator_or_override = sequence >= "\u2028" && sequence <= "\u202E";
    const bool isolate = sequence >= "\u2066" && sequence <= "\u2069";
    return is_control(sequence) || separator_or_override || isolate;
  });
}

std::string escape_json_controls(std::string json) {
  constexpr char digits[] = "0123456789abcdef";
  // Nearly all texts have neither of these bytes, and `find` is quicker than a loop.
  const std::size_t done = std::min(json.find('\x7F'), json.find('\xC2'));
  if (done == json.npos) return json;
  std::string escaped = json.substr(0, done);
  for (std::size_t i = done; i < json.size(); ++i) {
    const bool c1 = is_c1(std::string_view(json).substr(i));
    if (!c1 && json[i] != '\x7F') {
      escaped += json[i];
      continue;
    }
    // The code point of a C1 character is its second byte.
    if (c1) ++i;
    const unsigned code = byte_of(json[i]);
    escaped += "\\u00";
    escaped += {digits[code >> 4], digits[code & 15]};
  }
  return escaped;
}

}  // namespace samoyed::protocol
