#pragma once

#include <string>
#include <string_view>

namespace samoyed::web {

/// Appends a text to HTML, safe in content and in quoted attributes: `& < > " '` become entities.
/// Control characters and bytes that aren't valid UTF-8 become U+FFFD.
void append_escaped(std::string& html, std::string_view text);

}  // namespace samoyed::web
