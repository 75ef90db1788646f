#include "web/views/image_type.hpp"

#include "samoyed/protocol/image_formats.hpp"

namespace samoyed::web {

std::string_view browser_image_type(std::string_view file) {
  const protocol::ImageFormat* const format = protocol::find_image_format(file);
  return format == nullptr ? std::string_view() : format->media_type;
}

}  // namespace samoyed::web
