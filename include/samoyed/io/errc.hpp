#pragma once

#include <system_error>

namespace samoyed::io {

/// Errors of I/O operations that the operating system doesn't report itself.
enum class Errc {
  timed_out = 1,  ///< The operation's deadline passed.
};

const std::error_category& error_category();
std::error_code make_error_code(Errc value);

}  // namespace samoyed::io

template <>
struct std::is_error_code_enum<samoyed::io::Errc> : std::true_type {};
