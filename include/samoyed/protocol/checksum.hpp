#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// Computes the checksum of a data message's payload, which may come in pieces.
class Checksum {
 public:
  void update(std::string_view payload_piece);

  /// -1 .. -4096: `~(sum of the payload's bytes & 0xFFF)` (PROTOCOL.md, Checksum).
  int value() const;

  /// The checksum as it appears at the end of a message: a minus sign and four digits.
  std::string text() const;

 private:
  /// Only the lower twelve bits matter. The type is narrow because compilers can add many narrow
  /// numbers at once.
  std::uint16_t sum_ = 0;
};

/// Length of a checksum as text.
inline constexpr std::size_t checksum_text_bytes = 5;

std::string checksum_text(std::string_view payload);

/// Returns true for a minus sign followed by four digits.
bool is_checksum_text(std::string_view text);

}  // namespace samoyed::protocol
