#include "samoyed/protocol/message.hpp"

#include "samoyed/protocol/checksum.hpp"

namespace samoyed::protocol {

std::string data_message(std::string_view payload) {
  std::string message;
  message.reserve(payload.size() + data_overhead_bytes);
  message += data;
  message += ' ';
  message += payload;
  message += ' ';
  message += checksum_text(payload);
  return message;
}

bool contains_message_end(std::string_view text) {
  for (std::size_t space = text.find(' '); space != text.npos; space = text.find(' ', space + 1)) {
    if (is_checksum_text(text.substr(space + 1, checksum_text_bytes))) return true;
  }
  return false;
}

}  // namespace samoyed::protocol
