#include "samoyed/protocol/image_formats.hpp"

#include <algorithm>
#include <string>

#include "samoyed/protocol/ascii.hpp"

namespace samoyed::protocol {
namespace {

bool matches(const ImageSignature& signature, std::string_view file) {
  return file.starts_with(signature.start) &&
         (signature.second.empty() ||
          (file.size() >= signature.second_offset &&
           file.substr(signature.second_offset).starts_with(signature.second)));
}

}  // namespace

const ImageFormat* find_image_format(std::string_view file) {
  const auto found = std::ranges::find_if(
      image_formats, [&](const ImageFormat& format) { return matches(format.signature, file); });
  return found == image_formats.end() ? nullptr : &*found;
}

bool is_image_extension(std::string_view extension) {
  if (extension.empty()) return false;
  const std::string lower = to_lower(extension);
  return std::ranges::any_of(image_formats, [&](const ImageFormat& format) {
    return std::ranges::find(format.extensions, lower) != format.extensions.end();
  });
}

std::string image_extensions_text() {
  std::string text;
  for (const ImageFormat& format : image_formats) {
    for (const std::string_view extension : format.extensions) {
      if (extension.empty()) continue;
      if (!text.empty()) text += ' ';
      text += extension;
    }
  }
  return text;
}

std::string image_media_types_text() {
  std::string text;
  for (const ImageFormat& format : image_formats) {
    if (!text.empty()) text += ',';
    text += format.media_type;
  }
  return text;
}

}  // namespace samoyed::protocol
