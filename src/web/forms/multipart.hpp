#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "web/forms/form_scanner.hpp"

namespace samoyed::web {

/// Size limit for the boundary in characters (RFC 2046, section 5.1.1).
inline constexpr std::size_t boundary_length_max = 70;

/// Returns the boundary in a Content-Type for which `is_form_type` is true. Returns an error if it
/// has none, or one that RFC 2046, section 5.1.1, doesn't allow.
std::variant<std::string, FormError> form_boundary(std::string_view content_type);

}  // namespace samoyed::web
