#pragma once

#include <string_view>

namespace samoyed::web {

/// The media type of a picture that a browser shows, from its first bytes: `image/jpeg`,
/// `image/png`, `image/bmp`, `image/webp`; empty for everything else. What the sender called it
/// doesn't count, so that nothing but these four is ever shown again.
std::string_view browser_image_type(std::string_view file);

}  // namespace samoyed::web
