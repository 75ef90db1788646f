#include "web/views/html_escape.hpp"

#include <algorithm>
#include <array>

namespace samoyed::web {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Returns the length of the well-formed UTF-8 sequence at the start of the text, or 0 if there is
/// none (The Unicode Standard, table 3-7).
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

using Byte = unsigned char;

/// Returns 0 if `byte` is at most the limit.
Byte above(unsigned byte, Byte limit) {
  return static_cast<Byte>(std::max(static_cast<Byte>(byte), limit) - limit);
}

/// Returns 0 for letters, digits, `/`, `+` and spaces, which is most of what needs no escaping. It
/// has no branches and uses only bytes, so that compilers can vectorize it.
Byte doubt(char c) {
  const auto byte = static_cast<Byte>(c);
  const Byte no_letter = above((byte | 0x20U) - 'a', 'z' - 'a');
  const Byte no_digit_or_slash = above(byte - unsigned{'/'}, '9' - '/');
  return std::min(std::min(no_letter, no_digit_or_slash),
                  std::min(static_cast<Byte>(byte ^ '+'), static_cast<Byte>(byte ^ ' ')));
}

/// Whether a byte needs no escaping, for each byte: all printable ASCII characters but five, tabs
/// and line breaks.
constexpr std::array<bool, 256> plain_bytes = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x7F; ++byte) plain[byte] = true;
  plain['\t'] = plain['\n'] = true;
  for (const char c : {'&', '<', '>', '"', '\''}) plain[static_cast<Byte>(c)] = false;
  return plain;
}();

/// Returns the length of the text's start that needs no escaping. It checks whole blocks without
/// branches, because images are megabytes of base64, and a block with punctuation byte by byte.
std::size_t plain_length(std::string_view text) {
  constexpr std::size_t block = 64;
  std::size_t length = 0;
  while (length < text.size()) {
    const std::string_view next = text.substr(length, block);
    if (next.size() == block) {
      Byte any = 0;
      for (std::size_t i = 0; i < block; ++i) any = static_cast<Byte>(any | doubt(next[i]));
      if (any == 0) {
        length += block;
        continue;
      }
    }
    const auto special =
        std::ranges::find_if_not(next, [](char c) { return plain_bytes[static_cast<Byte>(c)]; });
    length += static_cast<std::size_t>(special - next.begin());
    if (special != next.end()) break;
  }
  return length;
}

void append_sequence(std::string& out, std::string_view sequence) {
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

void append_escaped(std::string& html, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    html += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const std::size_t length = sequence_length(text);
    append_sequence(html, length == 0 ? replacement : text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

}  // namespace samoyed::web
