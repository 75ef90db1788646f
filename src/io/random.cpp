#include "samoyed/io/random.hpp"

#include <array>
#include <cassert>
#include <cerrno>
#include <span>
#include <sys/random.h>
#include <system_error>

namespace samoyed::io {
namespace {

/// getrandom(2) never returns fewer bytes for a request of up to this size, and no signal
/// interrupts it.
constexpr std::size_t bytes_max = 256;

}  // namespace

std::string random_hex(std::size_t bytes) {
  assert(bytes <= bytes_max);
  std::array<unsigned char, bytes_max> buffer;
  if (getrandom(buffer.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes);
  for (const unsigned char byte : std::span(buffer).first(bytes)) {
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

}  // namespace samoyed::io
