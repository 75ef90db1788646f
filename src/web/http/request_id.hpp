#pragma once

#include <cstddef>
#include <string_view>

namespace samoyed::web {

/// The field in which a request's id comes, and goes back with the answer.
inline constexpr std::string_view request_id_name = "X-Request-Id";
inline constexpr std::size_t request_id_length_max = 128;

/// Whether a client's id can identify its request, in the log and in answers: 1 to 128 visible
/// ASCII characters, none of them a quotation mark, a backslash or an angle bracket.
bool is_request_id(std::string_view text);

}  // namespace samoyed::web
