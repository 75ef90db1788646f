#pragma once

#include <cstddef>
#include <string>

namespace samoyed::io {

/// Number of random bytes in a secret: too many to guess.
inline constexpr std::size_t secret_bytes = 32;

/// Number of random bytes in an id that only needs to be unique.
inline constexpr std::size_t id_bytes = 16;

/// Returns `bytes` random bytes (at most 256) from the kernel's generator, as 2 * `bytes`
/// hexadecimal digits. Throws std::system_error if the kernel can't provide them.
std::string random_hex(std::size_t bytes);

}  // namespace samoyed::io
