#include "samoyed/protocol/checksum.hpp"

#include <algorithm>
#include <cstdlib>

#include "samoyed/protocol/ascii.hpp"

namespace samoyed::protocol {
void Checksum::update(std::string_view payload_piece) {
  std::uint16_t sum = sum_;
  for (const char c : payload_piece) {
    sum = static_cast<std::uint16_t>(sum + static_cast<unsigned char>(c));
  }
  sum_ = sum;
}

int Checksum::value() const { return ~(sum_ & 0xFFF); }

std::string Checksum::text() const {
  const std::string digits = std::to_string(std::abs(value()));
  return "-" + std::string(checksum_text_bytes - 1 - digits.size(), '0') + digits;
}

std::string checksum_text(std::string_view payload) {
  Checksum checksum;
  checksum.update(payload);
  return checksum.text();
}

bool is_checksum_text(std::string_view text) {
  return text.size() == checksum_text_bytes && text.front() == '-' &&
         std::all_of(text.begin() + 1, text.end(), is_digit);
}

}  // namespace samoyed::protocol
