#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The single table of the image formats that workers decode. All code that needs a format's name,
/// media type or extensions takes them from here; src/worker/decoders/image_decoder.cpp adds the
/// decoders.
namespace samoyed::protocol {

/// Each tells from a file's first bytes whether it is of one format. Pure; any bytes are allowed.
namespace detail {
bool is_jpeg(std::string_view file);
bool is_png(std::string_view file);
bool is_bmp(std::string_view file);
bool is_webp(std::string_view file);
bool is_gif(std::string_view file);
bool is_tiff(std::string_view file);
bool is_avif(std::string_view file);
bool is_heic(std::string_view file);
bool is_jpeg2000(std::string_view file);
bool is_pnm(std::string_view file);
bool is_psd(std::string_view file);
bool is_ico(std::string_view file);
bool is_dib(std::string_view file);
bool is_tga(std::string_view file);
}  // namespace detail

struct ImageFormat {
  /// Spelled as in a sentence.
  std::string_view name;
  /// What options and messages call it: lower-case letters and digits.
  std::string_view id;
  std::string_view media_type;
  bool (*detect)(std::string_view file);
  /// In lower case, with the dot. Unused entries are empty.
  std::array<std::string_view, 6> extensions;
};

/// Formats are detected in this order, so those with a weak signature come last.
inline constexpr std::array image_formats{
    ImageFormat{"JPEG", "jpeg", "image/jpeg", detail::is_jpeg, {".jpg", ".jpeg"}},
    ImageFormat{"PNG", "png", "image/png", detail::is_png, {".png"}},
    ImageFormat{"BMP", "bmp", "image/bmp", detail::is_bmp, {".bmp"}},
    ImageFormat{"WebP", "webp", "image/webp", detail::is_webp, {".webp"}},
    ImageFormat{"GIF", "gif", "image/gif", detail::is_gif, {".gif"}},
    ImageFormat{"TIFF", "tiff", "image/tiff", detail::is_tiff, {".tif", ".tiff"}},
    ImageFormat{"AVIF", "avif", "image/avif", detail::is_avif, {".avif"}},
    ImageFormat{"HEIC", "heic", "image/heic", detail::is_heic, {".heic", ".heif", ".hif"}},
    ImageFormat{"JPEG 2000",
                "jpeg2000",
                "image/jp2",
                detail::is_jpeg2000,
                {".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"}},
    ImageFormat{
        "PNM", "pnm", "image/x-portable-anymap", detail::is_pnm, {".pnm", ".pbm", ".pgm", ".ppm"}},
    ImageFormat{"PSD", "psd", "image/vnd.adobe.photoshop", detail::is_psd, {".psd"}},
    ImageFormat{"ICO", "ico", "image/x-icon", detail::is_ico, {".ico", ".cur"}},
    ImageFormat{"DIB", "dib", "image/x-dib", detail::is_dib, {".dib"}},
    ImageFormat{"TGA", "tga", "image/x-tga", detail::is_tga, {".tga", ".icb", ".vda", ".vst"}},
};

/// Returns the format of a file that begins with `file`, detected by its signature, or null if it
/// is none of the formats above. The file's name doesn't matter. The pointer points into
/// image_formats.
const ImageFormat* find_image_format(std::string_view file);

/// A set of formats: bit i stands for image_formats[i].
using ImageFormatSet = std::bitset<image_formats.size()>;

inline constexpr ImageFormatSet all_image_formats{(1ULL << image_formats.size()) - 1};

/// What a worker reads that doesn't say what it reads: JPEG, PNG, BMP and WebP.
inline constexpr ImageFormatSet original_image_formats{0b1111};

/// Returns whether the set contains one of the formats above.
bool contains(const ImageFormatSet& set, const ImageFormat& format);

/// Returns the set of the formats with these ids. Unknown ids don't count.
ImageFormatSet image_format_set(std::span<const std::string> ids);

/// Returns the ids of the formats in the set, in the order of the table.
std::vector<std::string> image_format_ids(const ImageFormatSet& set);

/// Returns true if `extension` (for example `.jpg`, in upper or lower case) belongs to one of the
/// formats.
bool is_image_extension(std::string_view extension);

/// The extensions of all formats, for messages to users: `.jpg .jpeg .png ...`.
std::string image_extensions_text();

/// A form's `accept` attribute: the media types of all formats, then their extensions, because
/// browsers don't know every type: `image/jpeg,image/png,...,.jpg,.jpeg,...`.
std::string image_accept_text();

namespace detail {

struct FormatNames {
  std::array<char, 256> text{};
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

/// The names of all formats, as listed in messages to users: `JPEG, PNG, ... or WebP`.
inline constexpr std::string_view accepted_formats{detail::format_names.text.data(),
                                                   detail::format_names.size};

}  // namespace samoyed::protocol
