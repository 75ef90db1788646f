#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// The checksum of a data message's payload, fed piece by piece.
class Checksum {
 public:
  void update(std::string_view payload_piece);

  /// -1 .. -4096: `~(sum of the payload's bytes & 0xFFF)` (PROTOCOL.md, Checksum).
  int value() const;

  /// As it appears at the end of a message: a minus sign and four digits.
  std::string text() const;

 private:
  /// Its lower twelve bits are all that is wanted, and compilers add up many narrow numbers at
  /// once.
  std::uint16_t sum_ = 0;
};

/// Length of a checksum as text.
inline constexpr std::size_t checksum_text_bytes = 5;

std::string checksum_text(std::string_view payload);

/// True for a minus sign and four digits.
bool is_checksum_text(std::string_view text);

}  // namespace samoyed::protocol
