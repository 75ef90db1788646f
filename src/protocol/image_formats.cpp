#include "samoyed/protocol/image_formats.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "samoyed/protocol/ascii.hpp"

namespace samoyed::protocol {
namespace detail {

bool is_jpeg(std::string_view file) { return file.starts_with("\xFF\xD8\xFF"); }

bool is_png(std::string_view file) { return file.starts_with("\x89PNG\r\n\x1A\n"); }

bool is_bmp(std::string_view file) { return file.starts_with("BM"); }

bool is_webp(std::string_view file) {
  return file.starts_with("RIFF") &&
         file.substr(std::min<std::size_t>(8, file.size())).starts_with("WEBP");
}

bool is_gif(std::string_view file) {
  return file.starts_with("GIF87a") || file.starts_with("GIF89a");
}

bool is_tiff(std::string_view file) {
  using namespace std::string_view_literals;
  // In either byte order, also with 64-bit offsets (BigTIFF).
  return file.starts_with("II*\0"sv) || file.starts_with("MM\0*"sv) ||
         file.starts_with("II+\0"sv) || file.starts_with("MM\0+"sv);
}

}  // namespace detail

const ImageFormat* find_image_format(std::string_view file) {
  const auto found = std::ranges::find_if(
      image_formats, [&](const ImageFormat& format) { return format.detect(file); });
  return found == image_formats.end() ? nullptr : &*found;
}

bool is_image_extension(std::string_view extension) {
  if (extension.empty()) return false;
  const std::string lower = to_lower(extension);
  return std::ranges::any_of(image_formats, [&](const ImageFormat& format) {
    return std::ranges::find(format.extensions, lower) != format.extensions.end();
  });
}

namespace {

/// Appends the extensions of all formats, each after `separator` unless `text` is empty.
void append_extensions(std::string& text, char separator) {
  for (const ImageFormat& format : image_formats) {
    for (const std::string_view extension : format.extensions) {
      if (extension.empty()) continue;
      if (!text.empty()) text += separator;
      text += extension;
    }
  }
}

}  // namespace

std::string image_extensions_text() {
  std::string text;
  append_extensions(text, ' ');
  return text;
}

std::string image_accept_text() {
  std::string text;
  for (const ImageFormat& format : image_formats) {
    if (!text.empty()) text += ',';
    text += format.media_type;
  }
  append_extensions(text, ',');
  return text;
}

}  // namespace samoyed::protocol
