#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::protocol {

/// Length of the base64 text (RFC 4648, padded, no line breaks) of that many bytes.
constexpr std::uint64_t base64_length(std::uint64_t byte_count) { return (byte_count + 2) / 3 * 4; }

/// Appends the base64 text of `bytes` to `text`.
void append_base64(std::span<const std::byte> bytes, std::string& text);

/// Decodes base64 text that arrives in pieces of any length.
///
/// Strict: the standard alphabet, padding to a multiple of four, nothing after the padding. After
/// the first bad character it takes and ignores the rest.
class Base64Decoder {
 public:
  void update(std::string_view text_piece);

  /// True if the text so far is complete and valid.
  bool complete() const;

  /// Length of the decoded bytes so far.
  std::size_t byte_count() const { return bytes_.size(); }

  /// The decoded bytes; leaves the decoder as new.
  std::vector<std::byte> take();

 private:
  void take_quad();

  std::vector<std::byte> bytes_;
  std::array<std::uint8_t, 4> quad_{};
  std::size_t quad_size_ = 0;
  bool padded_ = false;
  bool bad_ = false;
};

}  // namespace samoyed::protocol
