#pragma once

#include <string_view>

namespace samoyed::web {

/// Returns the media type of an image that a browser may show, or an empty string for any other
/// file. It depends only on the file's first bytes, not on the type or name that the client sent,
/// so only the formats in protocol::image_formats are ever shown again.
std::string_view browser_image_type(std::string_view file);

}  // namespace samoyed::web
