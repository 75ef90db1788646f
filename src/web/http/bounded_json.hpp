#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace samoyed::web {

/// Limits on the number of values in an untrusted text and on their nesting depth, because a few
/// bytes of text can take many bytes of memory.
inline constexpr int json_values_max = 4096;
inline constexpr int json_depth_max = 16;

/// Returns std::nullopt if the text is not JSON or exceeds the limits.
std::optional<nlohmann::ordered_json> parse_bounded_json(std::string_view text);

/// Returns the JSON as text on one line. Bytes that are not valid UTF-8 become U+FFFD,
/// and characters that a terminal obeys are escaped.
std::string to_text(const nlohmann::ordered_json& json);

}  // namespace samoyed::web
