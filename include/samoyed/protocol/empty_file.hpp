#pragma once

namespace samoyed::protocol {

/// What every program says about an image file without content.
inline constexpr const char* empty_file_text = "The file is empty.";

}  // namespace samoyed::protocol
