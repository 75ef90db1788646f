#include "web/views/image_type.hpp"

namespace samoyed::web {

std::string_view browser_image_type(std::string_view file) {
  using namespace std::string_view_literals;
  if (file.starts_with("\xFF\xD8\xFF"sv)) return "image/jpeg";
  if (file.starts_with("\x89PNG\r\n\x1A\n"sv)) return "image/png";
  if (file.starts_with("BM"sv)) return "image/bmp";
  if (file.starts_with("RIFF"sv) && file.substr(0, 12).ends_with("WEBP"sv)) return "image/webp";
  return {};
}

}  // namespace samoyed::web
