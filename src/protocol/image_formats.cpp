#include "samoyed/protocol/image_formats.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>

#include "samoyed/protocol/ascii.hpp"

namespace samoyed::protocol {
namespace {

unsigned byte_at(std::string_view file, std::size_t at) {
  return static_cast<unsigned char>(file[at]);
}

std::size_t u16be_at(std::string_view file, std::size_t at) {
  return byte_at(file, at) << 8 | byte_at(file, at + 1);
}

unsigned u16le_at(std::string_view file, std::size_t at) {
  return byte_at(file, at) | byte_at(file, at + 1) << 8;
}

std::size_t u32le_at(std::string_view file, std::size_t at) {
  return u16le_at(file, at) | std::size_t{u16le_at(file, at + 2)} << 16;
}

/// Whether the first entry of an ICO's table points behind the table and into the file.
bool has_first_ico_image(std::string_view file) {
  constexpr std::size_t header_bytes = 6, entry_bytes = 16, offset_at = header_bytes + 12;
  if (file.size() < header_bytes + entry_bytes) return false;
  const std::size_t table_end = header_bytes + u16le_at(file, 4) * entry_bytes;
  const std::size_t offset = u32le_at(file, offset_at);
  return table_end <= offset && offset < file.size();
}

/// Whether an ISO media file (ISO/IEC 14496-12, 4.3) begins with a file type box that names one of
/// `brands`, and none of `excluded`.
bool has_brand(std::string_view file, std::initializer_list<std::string_view> brands,
               std::initializer_list<std::string_view> excluded) {
  constexpr std::size_t first_brand = 8, version = 12, brand_bytes = 4;
  if (file.size() < version + brand_bytes || file.substr(4, 4) != "ftyp") return false;
  const std::size_t size = u16be_at(file, 0) << 16 | u16be_at(file, 2);
  const std::string_view box = file.substr(0, std::min(size, file.size()));
  bool found = false;
  for (std::size_t at = first_brand; at + brand_bytes <= box.size(); at += brand_bytes) {
    const std::string_view brand = box.substr(at, brand_bytes);
    if (at == version) continue;
    if (std::ranges::find(excluded, brand) != excluded.end()) return false;
    found = found || std::ranges::find(brands, brand) != brands.end();
  }
  return found;
}

}  // namespace

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

bool is_avif(std::string_view file) { return has_brand(file, {"avif", "avis"}, {}); }

bool is_heic(std::string_view file) {
  return has_brand(file, {"heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"},
                   {"avif", "avis", "isom", "mp41", "mp42"});
}

bool is_jpeg2000(std::string_view file) {
  using namespace std::string_view_literals;
  // The box that begins a JP2 or JPX file, or the codestream by itself.
  return file.starts_with("\0\0\0\x0CjP  \r\n\x87\n"sv) || file.starts_with("\xFF\x4F\xFF\x51");
}

bool is_pnm(std::string_view file) {
  return file.size() >= 3 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6' &&
         std::string_view(" \t\n\v\f\r").find(file[2]) != std::string_view::npos;
}

bool is_psd(std::string_view file) {
  using namespace std::string_view_literals;
  return file.starts_with("8BPS\0\1"sv);
}

bool is_ico(std::string_view file) {
  using namespace std::string_view_literals;
  // An icon (1) or a cursor (2), and the count of its images. A TGA without a palette may begin the
  // same way, because its fields for the palette may hold anything.
  return file.size() >= 6 && (file.starts_with("\0\0\1\0"sv) || file.starts_with("\0\0\2\0"sv)) &&
         u16le_at(file, 4) != 0 && (!is_tga(file) || has_first_ico_image(file));
}

bool is_dib(std::string_view file) {
  constexpr std::array<unsigned, 6> header_sizes{12, 40, 56, 64, 108, 124};
  if (file.size() < 16 || u16le_at(file, 2) != 0) return false;
  const unsigned size = u16le_at(file, 0);
  const std::size_t planes_at = size == 12 ? 8 : 12;
  const unsigned bits = u16le_at(file, planes_at + 2);
  return std::ranges::find(header_sizes, size) != header_sizes.end() &&
         u16le_at(file, planes_at) == 1 && bits >= 1 && bits <= 32;
}

bool is_tga(std::string_view file) {
  // There is no signature, so this checks that all fields of the header have known values.
  if (file.size() < 18) return false;
  const unsigned kind = byte_at(file, 2), bits = byte_at(file, 16);
  const bool known_kind = (kind & ~8U) >= 1 && (kind & ~8U) <= 3;
  const bool known_bits = (kind & 7) == 1   ? bits == 8
                          : (kind & 7) == 2 ? bits == 16 || bits == 24 || bits == 32
                                            : bits == 1 || bits == 8 || bits == 16;
  return byte_at(file, 1) <= 1 && known_kind && known_bits && u16le_at(file, 12) != 0 &&
         u16le_at(file, 14) != 0 && (byte_at(file, 17) & 0xC0) == 0;
}

}  // namespace detail

const ImageFormat* find_image_format(std::string_view file) {
  const auto found = std::ranges::find_if(
      image_formats, [&](const ImageFormat& format) { return format.detect(file); });
  return found == image_formats.end() ? nullptr : &*found;
}

bool contains(const ImageFormatSet& set, const ImageFormat& format) {
  return set.test(static_cast<std::size_t>(&format - image_formats.data()));
}

ImageFormatSet image_format_set(std::span<const std::string> ids) {
  ImageFormatSet set;
  for (std::size_t i = 0; i < image_formats.size(); ++i) {
    set.set(i, std::ranges::find(ids, image_formats[i].id) != ids.end());
  }
  return set;
}

std::vector<std::string> image_format_ids(const ImageFormatSet& set) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < image_formats.size(); ++i) {
    if (set.test(i)) ids.emplace_back(image_formats[i].id);
  }
  return ids;
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
