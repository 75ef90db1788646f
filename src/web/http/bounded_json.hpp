#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace samoyed::web {

/// Values of all kinds in one text from outside, and lists in lists: a few bytes of text can be
/// many of memory.
inline constexpr int json_values_max = 4096;
inline constexpr int json_depth_max = 16;

/// Returns std::nullopt for a text that is no JSON, or more of it than the bounds allow.
std::optional<nlohmann::ordered_json> parse_bounded_json(std::string_view text);

/// On one line. Bytes that are no UTF-8 become U+FFFD.
std::string to_text(const nlohmann::ordered_json& json);

}  // namespace samoyed::web
