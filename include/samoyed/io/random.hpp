#pragma once

#include <cstddef>
#include <string>

namespace samoyed::io {

/// Random bytes of a secret: as many as nobody guesses.
inline constexpr std::size_t secret_bytes = 32;

/// Random bytes of an id that need only differ from all others.
inline constexpr std::size_t id_bytes = 16;

/// `bytes` random bytes (at most 256) from the kernel's generator, as 2 * `bytes` hexadecimal
/// digits. Throws std::system_error if the kernel has none.
std::string random_hex(std::size_t bytes);

}  // namespace samoyed::io
