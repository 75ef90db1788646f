#include "web/http/random_id.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <sys/random.h>
#include <system_error>

namespace samoyed::web {
namespace {

template <std::size_t size>
std::string random_hex() {
  std::array<unsigned char, size> bytes;
  // Never cut short or interrupted up to 256 bytes: getrandom(2).
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (const unsigned char byte : bytes) text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

}  // namespace

std::string random_id() { return random_hex<32>(); }

std::string short_random_id() { return random_hex<16>(); }

}  // namespace samoyed::web
