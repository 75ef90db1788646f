#include "samoyed/protocol/base64.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base64_kernels.hpp"

namespace samoyed::protocol {
namespace {

constexpr char padding = '=';

/// Room is reserved for this multiple of what has arrived, so that the first piece of an image of
/// usual size reserves room for all of it.
constexpr std::size_t growth_factor = 4;

std::uint8_t digit_value(char c) { return base64_digit_values[static_cast<unsigned char>(c)]; }

}  // namespace

void encode_base64(std::span<const std::byte> bytes, char* text) {
  best_base64().encode(bytes, text);
  const std::size_t rest = bytes.size() % 3;
  if (rest == 0) return;
  text += bytes.size() / 3 * 4;
  const auto last = bytes.last(rest);
  const std::uint32_t triple = std::to_integer<std::uint32_t>(last[0]) << 16 |
                               (rest == 2 ? std::to_integer<std::uint32_t>(last[1]) << 8 : 0);
  text[0] = base64_alphabet[triple >> 18];
  text[1] = base64_alphabet[triple >> 12 & 63];
  text[2] = rest == 2 ? base64_alphabet[triple >> 6 & 63] : padding;
  text[3] = padding;
}

void Base64Decoder::update(std::string_view text_piece) {
  while (!text_piece.empty() && !bad_) {
    // Whole quads without padding, which are nearly all of a long text, are decoded directly.
    if (quad_size_ == 0 && !padded_) take_whole_quads(text_piece);
    if (text_piece.empty()) break;
    const char c = text_piece.front();
    text_piece.remove_prefix(1);
    const bool may_pad = c == padding && quad_size_ >= 2;
    const bool after_pad = quad_size_ == 3 && quad_[2] == no_base64_digit;
    if (padded_ || (digit_value(c) == no_base64_digit && !may_pad) || (after_pad && c != padding)) {
      bad_ = true;
      break;
    }
    quad_[quad_size_++] = digit_value(c);
    if (quad_size_ == 4) take_quad();
  }
}

void Base64Decoder::take_whole_quads(std::string_view& text) {
  const std::size_t before = bytes_.size();
  make_room(before + text.size() / 4 * 3);
  bytes_.resize(before + text.size() / 4 * 3);
  const std::size_t decoded = best_base64().decode(text, bytes_.data() + before);
  bytes_.resize(before + decoded / 4 * 3);
  text.remove_prefix(decoded);
}

void Base64Decoder::take_quad() {
  quad_size_ = 0;
  padded_ = quad_[3] == no_base64_digit;
  const std::uint32_t c = quad_[2] == no_base64_digit ? 0 : quad_[2];
  const std::uint32_t d = padded_ ? 0 : quad_[3];
  const std::uint32_t triple = static_cast<std::uint32_t>(quad_[0]) << 18 |
                               static_cast<std::uint32_t>(quad_[1]) << 12 | c << 6 | d;
  make_room(bytes_.size() + 3);
  bytes_.push_back(static_cast<std::byte>(triple >> 16));
  if (quad_[2] != no_base64_digit) bytes_.push_back(static_cast<std::byte>(triple >> 8));
  if (!padded_) bytes_.push_back(static_cast<std::byte>(triple));
}

/// Does nothing without an expected length: the vector then grows by itself.
void Base64Decoder::make_room(std::size_t byte_count) {
  if (byte_count <= bytes_.capacity()) return;
  const std::uint64_t wanted = std::min<std::uint64_t>(growth_factor * byte_count, bytes_expected_);
  if (wanted >= byte_count) bytes_.reserve(static_cast<std::size_t>(wanted));
}

bool Base64Decoder::complete() const { return !bad_ && quad_size_ == 0; }

std::vector<std::byte> Base64Decoder::take() {
  return std::exchange(*this, Base64Decoder()).bytes_;
}

}  // namespace samoyed::protocol
