#pragma once

#include <string>

namespace samoyed::web {

/// 256 bits from the kernel's generator, in hexadecimal: nobody guesses it. Throws
/// std::system_error where the kernel has none.
std::string random_id();

/// 128 bits of the same, for what need only be told from others.
std::string short_random_id();

}  // namespace samoyed::web
