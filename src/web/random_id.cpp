#include "web/random_id.hpp"

#include <array>
#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace samoyed::web {

std::string random_id() {
  std::array<unsigned char, 32> bytes;
  // Never cut short or interrupted up to 256 bytes: getrandom(2).
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

}  // namespace samoyed::web
