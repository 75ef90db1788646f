#pragma once

#include <string_view>

/// Names files that people take for images, for messages to users.
namespace samoyed::protocol {

/// Returns what a file is that begins with `file`, by its signature, with its article: `a video
/// (MP4)`, `a PDF`, `an HTML page`. Empty if it is of no kind that is known here. Don't ask about a
/// file of image_formats. Looks at no more than the first kilobyte. Pure.
std::string_view find_file_kind(std::string_view file);

}  // namespace samoyed::protocol
