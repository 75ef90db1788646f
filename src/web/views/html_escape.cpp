#include "web/views/html_escape.hpp"

#include <algorithm>
#include <array>

#include "samoyed/protocol/utf8.hpp"

namespace samoyed::web {
namespace {

/// Pages keep line breaks and tabs, which HTML treats as spaces.
bool is_shown(std::string_view sequence) {
  return sequence == "\n" || sequence == "\t" || !protocol::is_control(sequence);
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
      out += is_shown(sequence) ? sequence : protocol::replacement_character;
  }
}

}  // namespace

void append_escaped(std::string& html, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    html += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const std::size_t length = protocol::utf8_sequence_length(text);
    append_sequence(html, length == 0 ? protocol::replacement_character : text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

}  // namespace samoyed::web
