#include "samoyed/protocol/checksum.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace samoyed::protocol {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

void Checksum::update(std::string_view payload_piece) {
  sum_ = std::accumulate(
      payload_piece.begin(), payload_piece.end(), sum_,
      [](std::uint64_t sum, char c) { return sum + static_cast<unsigned char>(c); });
}

int Checksum::value() const { return ~static_cast<int>(sum_ & 0xFFF); }

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
