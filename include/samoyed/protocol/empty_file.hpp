#pragma once

#include <string_view>

namespace samoyed::protocol {

/// What users are told about a file without bytes, wherever that is noticed.
inline constexpr std::string_view empty_file_text = "The file is empty.";

}  // namespace samoyed::protocol
