#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// The answer "received, checksum correct".
inline constexpr char ack = 'A';
/// The answer "wrong checksum, send it again".
inline constexpr char nack = 'N';
/// First byte of a data message.
inline constexpr char data = 'D';

/// Bytes of a data message in addition to its payload: `D`, two spaces and the checksum.
inline constexpr std::size_t data_overhead_bytes = 8;

/// Returns the complete data message for a payload: `D SP payload SP checksum`.
std::string data_message(std::string_view payload);

/// Returns true if the text contains a space, a minus sign and four digits in a row. A size, hello
/// or result message can't contain such a text, because a reader would take it for the end of the
/// message.
bool contains_message_end(std::string_view text);

}  // namespace samoyed::protocol
