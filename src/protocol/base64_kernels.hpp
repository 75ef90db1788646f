#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace samoyed::protocol {

inline constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The table entry for a character outside the alphabet. Other entries are values 0..63.
inline constexpr std::uint8_t no_base64_digit = 0xFF;

inline constexpr std::array<std::uint8_t, 256> base64_digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_base64_digit);
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
    values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

/// One implementation of the two loops that do nearly all of the work on a long text. All
/// implementations give the same result. They don't handle padding, pieces or the remainder at the
/// end.
struct Base64Kernels {
  /// Writes four characters for each complete group of three bytes.
  void (*encode)(std::span<const std::byte> bytes, char* text);

  /// Decodes the complete quads of digits at the beginning of the text to three bytes each, and
  /// returns how many characters it decoded. Never writes beyond three bytes per complete quad of
  /// the text, whether or not the quads consist of digits.
  std::size_t (*decode)(std::string_view text, std::byte* bytes);
};

/// The implementation in plain C++.
extern const Base64Kernels portable_base64;

/// The implementation with AVX2; null if the processor doesn't support it. For images of 0.1, 0.6
/// and 4 MB from four clients, it saves 20, 42 and 34 % of a dispatcher's CPU time, and 9, 21 and
/// 15 % of that of a worker without a network; with the network it saves 0.4 ms per megabyte.
/// `scripts/bench --only buffers` measures the CPU time per megabyte at other sizes, from 0.25 to
/// 30 MB.
const Base64Kernels* avx2_base64();

/// The fastest implementation that this processor supports.
const Base64Kernels& best_base64();

}  // namespace samoyed::protocol
