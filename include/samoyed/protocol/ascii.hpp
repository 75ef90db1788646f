#pragma once

namespace samoyed::protocol {

/// Whether the character is one of the ten digits of ASCII, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace samoyed::protocol
