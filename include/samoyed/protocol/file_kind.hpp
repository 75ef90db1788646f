#pragma once

#include <string_view>

/// Names files that people upload by mistake, for messages to users.
namespace samoyed::protocol {

/// Returns the kind of a file that begins with `file`, with its article: `a video (MP4)`, `a PDF`,
/// `an HTML page`. The signature decides, and only the first kilobyte is read. Returns an empty
/// text for an unknown kind. The file must not be of one of the image_formats. Pure.
std::string_view find_file_kind(std::string_view file);

}  // namespace samoyed::protocol
