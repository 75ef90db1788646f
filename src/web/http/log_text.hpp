#pragma once

#include <string>
#include <string_view>

namespace samoyed::web {

/// A client's text for a line of the log: cut to a bound, and nothing in it but printable ASCII.
std::string log_text(std::string_view text);

}  // namespace samoyed::web
