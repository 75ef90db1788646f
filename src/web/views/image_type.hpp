#pragma once

#include <string_view>

namespace samoyed::web {

/// The media type of an image that a browser may show, from the file's first bytes; empty for
/// everything else. What the sender called the file doesn't count: only the formats of
/// protocol::image_formats are ever shown again.
std::string_view browser_image_type(std::string_view file);

}  // namespace samoyed::web
