#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace samoyed::protocol {

/// Length of the base64 text (RFC 4648, padded, no line breaks) of `byte_count` bytes.
constexpr std::uint64_t base64_length(std::uint64_t byte_count) { return (byte_count + 2) / 3 * 4; }

/// Writes the base64 text of `bytes`, which has base64_length() characters.
void encode_base64(std::span<const std::byte> bytes, char* text);

/// Decodes base64 text that arrives in pieces of any length.
///
/// Decoding is strict: only the standard alphabet, padding to a multiple of four, nothing after the
/// padding. After the first invalid character, the rest of the text is ignored. The decoder holds
/// the decoded bytes and reserves a few times as much room, whose pages stay untouched until they
/// are filled.
class Base64Decoder {
 public:
  Base64Decoder() = default;
  /// For a text of `length_expected` characters, the decoded bytes are moved at most twice as they
  /// grow. The expected length alone costs no memory, and it may be wrong.
  explicit Base64Decoder(std::uint64_t length_expected)
      : bytes_expected_(length_expected / 4 * 3) {}

  void update(std::string_view text_piece);

  /// True if the text so far is complete and valid.
  bool complete() const;

  /// Number of bytes decoded so far.
  std::size_t byte_count() const { return bytes_.size(); }

  /// Returns the decoded bytes and resets the decoder to its initial state.
  std::vector<std::byte> take();

 private:
  void take_whole_quads(std::string_view& text);
  void take_quad();
  void make_room(std::size_t byte_count);

  std::uint64_t bytes_expected_ = 0;
  std::vector<std::byte> bytes_;
  std::array<std::uint8_t, 4> quad_{};
  std::size_t quad_size_ = 0;
  bool padded_ = false;
  bool bad_ = false;
};

}  // namespace samoyed::protocol
