#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// Returns true for the ten ASCII digits, regardless of the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Converts ASCII upper-case letters to lower case, regardless of the locale.
inline std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace samoyed::protocol
