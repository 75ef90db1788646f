#include "protocol/base64_kernels.hpp"

namespace samoyed::protocol {
namespace {

void encode_portable(std::span<const std::byte> bytes, char* text) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  for (std::size_t i = 0; i + 3 <= bytes.size(); i += 3, text += 4) {
    const std::uint32_t triple = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    text[0] = base64_alphabet[triple >> 18];
    text[1] = base64_alphabet[triple >> 12 & 63];
    text[2] = base64_alphabet[triple >> 6 & 63];
    text[3] = base64_alphabet[triple & 63];
  }
}

std::size_t decode_portable(std::string_view text, std::byte* bytes) {
  const auto at = [&](std::size_t i) -> std::uint32_t {
    return base64_digit_values[static_cast<unsigned char>(text[i])];
  };
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4, bytes += 3) {
    const std::uint32_t a = at(i), b = at(i + 1), c = at(i + 2), d = at(i + 3);
    if ((a | b | c | d) == no_base64_digit) break;
    const std::uint32_t triple = a << 18 | b << 12 | c << 6 | d;
    bytes[0] = static_cast<std::byte>(triple >> 16);
    bytes[1] = static_cast<std::byte>(triple >> 8);
    bytes[2] = static_cast<std::byte>(triple);
  }
  return i;
}

}  // namespace

const Base64Kernels portable_base64{encode_portable, decode_portable};

const Base64Kernels& best_base64() {
  static const Base64Kernels* const avx2 = avx2_base64();
  return avx2 != nullptr ? *avx2 : portable_base64;
}

}  // namespace samoyed::protocol
