#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace samoyed::web {

/// Parses a base path such as `/samoyed` or `/tools/samoyed/`. Returns it without the slash at its
/// end, so that `/` becomes an empty text. Returns std::nullopt for anything but segments of
/// letters, digits and `-._~`, and for more than 200 characters.
std::optional<std::string> parse_base_path(std::string_view text);

}  // namespace samoyed::web
