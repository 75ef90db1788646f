#pragma once

#include <string>
#include <string_view>

namespace samoyed::web {

/// Returns a client's text for a log line: cut to a maximum length, with everything but printable
/// ASCII escaped. `-` if the text is empty.
std::string log_text(std::string_view text);

}  // namespace samoyed::web
