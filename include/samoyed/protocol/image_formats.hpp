#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

/// The one table of the image formats that workers decode. Whoever names a format, its media type
/// or its files takes them from here; src/worker/decoders/image_decoder.cpp adds the decoders.
namespace samoyed::protocol {

/// The bytes by which a file's format is known: `start`, and `second` at `second_offset`.
struct ImageSignature {
  std::string_view start;
  std::size_t second_offset = 0;
  std::string_view second = {};
};

struct ImageFormat {
  /// As in a sentence.
  std::string_view name;
  std::string_view media_type;
  ImageSignature signature;
  /// Lower case, with the dot. Unused ones are empty.
  std::array<std::string_view, 2> extensions;
};

inline constexpr std::array image_formats{
    ImageFormat{"JPEG", "image/jpeg", {"\xFF\xD8\xFF"}, {".jpg", ".jpeg"}},
    ImageFormat{"PNG", "image/png", {"\x89PNG\r\n\x1A\n"}, {".png"}},
    ImageFormat{"BMP", "image/bmp", {"BM"}, {".bmp"}},
    ImageFormat{"WebP", "image/webp", {"RIFF", 8, "WEBP"}, {".webp"}},
};

/// The format of a file that begins with `file`, from its signature; null if it is none of ours.
/// What a sender called the file doesn't count. Points into image_formats.
const ImageFormat* find_image_format(std::string_view file);

/// Whether `extension` (`.jpg`, say, in upper or lower case) belongs to one of the formats.
bool is_image_extension(std::string_view extension);

/// All formats' extensions, for a message to a person: `.jpg .jpeg .png .bmp .webp`.
std::string image_extensions_text();

/// All formats' media types, as the `accept` of a form lists them: `image/jpeg,image/png,...`.
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

/// The formats' names, as every message to a person lists them: `JPEG, PNG, BMP or WebP`.
inline constexpr std::string_view accepted_formats{detail::format_names.text.data(),
                                                   detail::format_names.size};

}  // namespace samoyed::protocol
