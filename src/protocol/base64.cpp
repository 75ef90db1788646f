#include "samoyed/protocol/base64.hpp"

#include <utility>

namespace samoyed::protocol {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char padding = '=';
constexpr std::uint8_t no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> digit_values = make_digit_values();

std::uint8_t digit_value(char c) { return digit_values[static_cast<unsigned char>(c)]; }

}  // namespace

void append_base64(std::span<const std::byte> bytes, std::string& text) {
  const std::size_t start = text.size();
  text.resize(start + base64_length(bytes.size()), padding);
  char* out = text.data() + start;
  std::size_t i = 0;
  const auto at = [&](std::size_t index) { return std::to_integer<std::uint32_t>(bytes[index]); };
  for (; i + 3 <= bytes.size(); i += 3, out += 4) {
    const std::uint32_t triple = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out[0] = alphabet[triple >> 18];
    out[1] = alphabet[triple >> 12 & 63];
    out[2] = alphabet[triple >> 6 & 63];
    out[3] = alphabet[triple & 63];
  }
  if (const std::size_t rest = bytes.size() - i; rest > 0) {
    const std::uint32_t triple = at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0);
    out[0] = alphabet[triple >> 18];
    out[1] = alphabet[triple >> 12 & 63];
    if (rest == 2) out[2] = alphabet[triple >> 6 & 63];
  }
}

void Base64Decoder::update(std::string_view text_piece) {
  std::size_t i = 0;
  while (i < text_piece.size() && !bad_) {
    // Whole quads without padding go straight to the bytes: nearly all of a long text.
    while (quad_size_ == 0 && !padded_ && i + 4 <= text_piece.size()) {
      const std::uint32_t a = digit_value(text_piece[i]), b = digit_value(text_piece[i + 1]);
      const std::uint32_t c = digit_value(text_piece[i + 2]), d = digit_value(text_piece[i + 3]);
      if ((a | b | c | d) == no_digit) break;
      const std::uint32_t triple = a << 18 | b << 12 | c << 6 | d;
      bytes_.push_back(static_cast<std::byte>(triple >> 16));
      bytes_.push_back(static_cast<std::byte>(triple >> 8));
      bytes_.push_back(static_cast<std::byte>(triple));
      i += 4;
    }
    if (i == text_piece.size()) break;
    const char c = text_piece[i++];
    const bool may_pad = c == padding && quad_size_ >= 2;
    const bool after_pad = quad_size_ == 3 && quad_[2] == no_digit;
    if (padded_ || (digit_value(c) == no_digit && !may_pad) || (after_pad && c != padding)) {
      bad_ = true;
      break;
    }
    quad_[quad_size_++] = digit_value(c);
    if (quad_size_ == 4) take_quad();
  }
}

void Base64Decoder::take_quad() {
  quad_size_ = 0;
  padded_ = quad_[3] == no_digit;
  const std::uint32_t c = quad_[2] == no_digit ? 0 : quad_[2];
  const std::uint32_t d = padded_ ? 0 : quad_[3];
  const std::uint32_t triple = static_cast<std::uint32_t>(quad_[0]) << 18 |
                               static_cast<std::uint32_t>(quad_[1]) << 12 | c << 6 | d;
  bytes_.push_back(static_cast<std::byte>(triple >> 16));
  if (quad_[2] != no_digit) bytes_.push_back(static_cast<std::byte>(triple >> 8));
  if (!padded_) bytes_.push_back(static_cast<std::byte>(triple));
}

bool Base64Decoder::complete() const { return !bad_ && quad_size_ == 0; }

std::vector<std::byte> Base64Decoder::take() {
  return std::exchange(*this, Base64Decoder()).bytes_;
}

}  // namespace samoyed::protocol
