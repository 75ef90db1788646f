#include "protocol/base64_kernels.hpp"

#ifndef __x86_64__

namespace samoyed::protocol {

const Base64Kernels* avx2_base64() { return nullptr; }

}  // namespace samoyed::protocol

#else

#include <immintrin.h>

// Only functions with this attribute are compiled for AVX2. They run only if the processor supports
// it.
#define SAMOYED_AVX2 __attribute__((target("avx2")))

namespace samoyed::protocol {
namespace {

/// A lookup table for `_mm256_shuffle_epi8`: sixteen bytes, addressed by a four-bit index.
using Table = std::array<std::uint8_t, 16>;

constexpr std::uint8_t difference(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>(a - b);
}

// A character's upper four bits are its row, the lower four its column. Of the sixteen rows, only 2
// to 7 contain digits. One table maps a row to its own bit. The other maps a column to the bits of
// all rows in which that column is not a digit.
constexpr std::size_t digit_row_first = 2;
constexpr std::size_t digit_row_last = 7;
constexpr std::uint8_t row_without_digits = 0x80;

constexpr std::uint8_t row_bit(std::size_t row) {
  return row < digit_row_first || row > digit_row_last ? row_without_digits
                                                       : static_cast<std::uint8_t>(1U << row >> 2);
}

constexpr Table row_bits = [] {
  Table bits{};
  for (std::size_t row = 0; row < bits.size(); ++row) bits[row] = row_bit(row);
  return bits;
}();

constexpr Table bad_rows_of_column = [] {
  Table rows{};
  for (std::size_t c = 0; c < base64_digit_values.size(); ++c) {
    if (base64_digit_values[c] == no_base64_digit) rows[c % 16] |= row_bit(c / 16);
  }
  return rows;
}();

/// The number to add to a character to get its value. It is the same for a whole row, except that
/// '/' shares its row with '+' and uses the entry of the previous row.
constexpr Table value_offset_of_row = [] {
  Table offsets{};
  for (std::size_t value = 0; value < base64_alphabet.size(); ++value) {
    const auto c = static_cast<std::uint8_t>(base64_alphabet[value]);
    offsets[c / 16 - (c == '/' ? 1 : 0)] = difference(static_cast<std::uint8_t>(value), c);
  }
  return offsets;
}();

/// The number to add to a value to get its character; see `characters`.
constexpr std::uint8_t capitals_class = 13;
constexpr Table character_offset_of_class = [] {
  Table offsets{};
  offsets[0] = difference('a', 26);
  for (std::size_t digit = 1; digit <= 10; ++digit) offsets[digit] = difference('0', 52);
  offsets[11] = difference('+', 62);
  offsets[12] = difference('/', 63);
  offsets[capitals_class] = 'A';
  return offsets;
}();

SAMOYED_AVX2 inline __m256i both_lanes(const Table& table) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

SAMOYED_AVX2 inline __m256i all(char byte) { return _mm256_set1_epi8(byte); }

/// The source index of each byte in a shuffle of sixteen bytes; `none` gives a zero.
constexpr std::uint8_t none = 0x80;
constexpr Table triples_to_words{2, 1, 0, none, 5, 4, 3, none, 8, 7, 6, none, 11, 10, 9, none};
constexpr Table words_to_triples{2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, none, none, none, none};

constexpr std::size_t lane_bytes = 16;
constexpr std::size_t triples_bytes = 24;  ///< Encoded as 32 characters.
constexpr std::size_t half_triples_bytes = triples_bytes / 2;
constexpr std::size_t quads_chars = 32;

/// Returns the characters of 32 values. A value's class is 0 for lower-case letters (26..51) and 1
/// to 12 for larger values. Upper-case letters would be in class 0 too, so they are moved to a
/// separate class.
SAMOYED_AVX2 inline __m256i characters(__m256i values) {
  const __m256i beyond_letters = _mm256_subs_epu8(values, all(51));
  const __m256i capitals = _mm256_cmpgt_epi8(all(26), values);
  const __m256i classes =
      _mm256_or_si256(beyond_letters, _mm256_and_si256(capitals, all(capitals_class)));
  return _mm256_add_epi8(values,
                         _mm256_shuffle_epi8(both_lanes(character_offset_of_class), classes));
}

SAMOYED_AVX2 void encode_avx2(std::span<const std::byte> bytes, char* text) {
  std::size_t i = 0;
  // Each half is loaded with four extra bytes.
  for (; i + half_triples_bytes + lane_bytes <= bytes.size(); i += triples_bytes) {
    const std::byte* const in = bytes.data() + i;
    const __m256i loaded =
        _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(in + half_triples_bytes),
                            reinterpret_cast<const __m128i*>(in));
    // Put three bytes into each 32-bit word, the first one highest, then six bits into each byte.
    const __m256i words = _mm256_shuffle_epi8(loaded, both_lanes(triples_to_words));
    const __m256i first = _mm256_srli_epi32(words, 18);
    const __m256i second = _mm256_and_si256(_mm256_srli_epi32(words, 4), _mm256_set1_epi32(0x3F00));
    const __m256i third =
        _mm256_and_si256(_mm256_slli_epi32(words, 10), _mm256_set1_epi32(0x3F0000));
    const __m256i fourth =
        _mm256_and_si256(_mm256_slli_epi32(words, 24), _mm256_set1_epi32(0x3F000000));
    const __m256i values =
        _mm256_or_si256(_mm256_or_si256(first, second), _mm256_or_si256(third, fourth));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(text), characters(values));
    text += quads_chars;
  }
  portable_base64.encode(bytes.subspan(i), text);
}

SAMOYED_AVX2 std::size_t decode_avx2(std::string_view text, std::byte* bytes) {
  // The second half is stored with four extra bytes, so more quads must follow.
  constexpr std::size_t chars_needed = quads_chars + 8;
  std::size_t i = 0;
  for (; i + chars_needed <= text.size(); i += quads_chars) {
    const __m256i chars = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + i));
    const __m256i rows = _mm256_and_si256(_mm256_srli_epi16(chars, 4), all(0x0F));
    const __m256i columns = _mm256_and_si256(chars, all(0x0F));
    const __m256i row = _mm256_shuffle_epi8(both_lanes(row_bits), rows);
    const __m256i bad_rows = _mm256_shuffle_epi8(both_lanes(bad_rows_of_column), columns);
    if (_mm256_testz_si256(row, bad_rows) == 0) break;
    const __m256i is_slash = _mm256_cmpeq_epi8(chars, all('/'));  // -1 for each slash.
    const __m256i offsets =
        _mm256_shuffle_epi8(both_lanes(value_offset_of_row), _mm256_add_epi8(rows, is_slash));
    const __m256i values = _mm256_add_epi8(chars, offsets);
    // Combine two adjacent values as first * 64 + second, then two of those as first * 4096 +
    // second.
    const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0140));
    const __m256i words = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    const __m256i triples = _mm256_shuffle_epi8(words, both_lanes(words_to_triples));
    _mm256_storeu2_m128i(reinterpret_cast<__m128i*>(bytes + half_triples_bytes),
                         reinterpret_cast<__m128i*>(bytes), triples);
    bytes += triples_bytes;
  }
  return i + portable_base64.decode(text.substr(i), bytes);
}

constexpr Base64Kernels kernels{encode_avx2, decode_avx2};

}  // namespace

const Base64Kernels* avx2_base64() { return __builtin_cpu_supports("avx2") ? &kernels : nullptr; }

}  // namespace samoyed::protocol

#endif
