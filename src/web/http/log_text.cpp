#include "web/http/log_text.hpp"

namespace samoyed::web {
namespace {

constexpr std::size_t log_text_bytes_max = 200;

}  // namespace

std::string log_text(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  if (text.empty()) return "-";
  std::string safe;
  for (const char c : text.substr(0, log_text_bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool printable = byte > 0x20 && byte < 0x7f && c != '\\';
    if (printable) {
      safe += c;
    } else {
      safe += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  if (text.size() > log_text_bytes_max) safe += "...";
  return safe;
}

}  // namespace samoyed::web
