#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// The answer "arrived, checksum right".
inline constexpr char ack = 'A';
/// The answer "checksum wrong, send it again".
inline constexpr char nack = 'N';
/// First byte of a data message.
inline constexpr char data = 'D';

/// Bytes of a data message beside its payload: `D`, two spaces and the checksum.
inline constexpr std::size_t data_overhead_bytes = 8;

/// The whole data message for a payload: `D SP payload SP checksum`.
std::string data_message(std::string_view payload);

/// True if a size, hello or result message can't contain the text, because a reader would end the
/// message inside it: it contains a space, a minus sign and four digits in a row.
bool contains_message_end(std::string_view text);

}  // namespace samoyed::protocol
