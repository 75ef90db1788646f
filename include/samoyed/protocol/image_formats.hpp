#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

/// The single table of the image formats that workers decode. All code that needs a format's name,
/// media type or extensions takes them from here; src/worker/decoders/image_decoder.cpp adds the
/// decoders.
namespace samoyed::protocol {

/// The bytes that identify a file's format: `start` at the beginning, and `second` at
/// `second_offset`.
struct ImageSignature {
  std::string_view start;
  std::size_t second_offset = 0;
  std::string_view second = {};
};

struct ImageFormat {
  /// Spelled as in a sentence.
  std::string_view name;
  std::string_view media_type;
  ImageSignature signature;
  /// In lower case, with the dot. Unused entries are empty.
  std::array<std::string_view, 2> extensions;
};

inline constexpr std::array image_formats{
    ImageFormat{"JPEG", "image/jpeg", {"\xFF\xD8\xFF"}, {".jpg", ".jpeg"}},
    ImageFormat{"PNG", "image/png", {"\x89PNG\r\n\x1A\n"}, {".png"}},
    ImageFormat{"BMP", "image/bmp", {"BM"}, {".bmp"}},
    ImageFormat{"WebP", "image/webp", {"RIFF", 8, "WEBP"}, {".webp"}},
};

/// Returns the format of a file that begins with `file`, detected by its signature, or null if it
/// is none of the formats above. The file's name doesn't matter. The pointer points into
/// image_formats.
const ImageFormat* find_image_format(std::string_view file);

/// Returns true if `extension` (for example `.jpg`, in upper or lower case) belongs to one of the
/// formats.
bool is_image_extension(std::string_view extension);

/// The extensions of all formats, for messages to users: `.jpg .jpeg .png .bmp .webp`.
std::string image_extensions_text();

/// The media types of all formats, as in a form's `accept` attribute: `image/jpeg,image/png,...`.
std::string image_media_types_text();

namespace detail {

struct FormatNames {
  std::array<char, 128> text{};
  std::size_t size = 0;

  constexpr void append(std::string_view words) {
    for (const char letter : words) text[size++] = letter;
  }
};

consteval FormatNames join_format_names() {
  FormatNames names;
  for (std::size_t i = 0; i < image_formats.size(); ++i) {
    if (i > 0) names.append(i + 1 < image_formats.size() ? ", " : " or ");
    names.append(image_formats[i].name);
  }
  return names;
}

inline constexpr FormatNames format_names = join_format_names();

}  // namespace detail

/// The names of all formats, as listed in messages to users: `JPEG, PNG, BMP or WebP`.
inline constexpr std::string_view accepted_formats{detail::format_names.text.data(),
                                                   detail::format_names.size};

}  // namespace samoyed::protocol
