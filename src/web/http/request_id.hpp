#pragma once

#include <cstddef>
#include <string_view>

namespace samoyed::web {

/// The field that carries a request's id, in the request and in the response.
inline constexpr std::string_view request_id_name = "X-Request-Id";
inline constexpr std::size_t request_id_length_max = 128;

/// Returns whether a client's id may identify its request in the log and in responses. It must have
/// 1 to 128 visible ASCII characters, and must not contain quotation marks, backslashes or angle
/// brackets.
bool is_request_id(std::string_view text);

}  // namespace samoyed::web
