#pragma once

#include <cstdint>
#include <string>

namespace samoyed::web {

/// Formats a limit exactly, in the largest unit that divides it: `32 MiB`, `16 KiB`, `1000 bytes`.
std::string size_text(std::uint64_t bytes);

}  // namespace samoyed::web
