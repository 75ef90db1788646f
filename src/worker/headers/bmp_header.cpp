#include "worker/headers/bmp_header.hpp"

#include <algorithm>

namespace samoyed::worker {

namespace {

constexpr std::size_t file_header_bytes = 14;
constexpr std::size_t pixels_offset_at = 10;
/// Sizes of the second header: BITMAPCOREHEADER of OS/2 1, the short and the whole one of OS/2 2,
/// and BITMAPINFOHEADER, whose later versions (52, 56, 108 and 124 bytes) begin the same way.
constexpr std::size_t core_header_bytes = 12;
constexpr std::size_t short_os2_header_bytes = 16;
constexpr std::size_t info_header_bytes = 40;
constexpr std::size_t os2_header_bytes = 64;
constexpr std::array<std::size_t, 8> header_sizes{12, 16, 40, 52, 56, 64, 108, 124};
constexpr std::size_t masks_at = file_header_bytes + info_header_bytes;

constexpr std::string_view ends_in_header = "The BMP is incomplete: it ends in its header.";

enum Compression : std::uint32_t { none = 0, run_length_8 = 1, run_length_4 = 2, bit_masks = 3 };

/// The fields of the second header that are not in BmpHeader.
struct InfoFields {
  std::size_t header_bytes = 0;
  std::uint32_t compression = none;
  std::uint32_t colors_used = 0;  ///< 0: as many as the bits allow
};

InfoFields read_info(Bytes file, std::size_t header_bytes, BmpHeader& header) {
  InfoFields info{.header_bytes = header_bytes};
  if (header_bytes == core_header_bytes) {
    header.width = read_u16le(file, 18);
    header.height = read_u16le(file, 20);
    header.bits_per_pixel = read_u16le(file, 24);
    header.palette_color_bytes = 3;
    return info;
  }
  header.width = read_u32le(file, 18);
  // A negative height means that the rows go from top to bottom.
  const std::int64_t height = static_cast<std::int32_t>(read_u32le(file, 22));
  header.top_down = height < 0;
  header.height = header.top_down ? -height : height;
  header.bits_per_pixel = read_u16le(file, 28);
  if (header_bytes == short_os2_header_bytes) return info;
  info.compression = read_u32le(file, 30);
  info.colors_used = read_u32le(file, 46);
  return info;
}

/// Returns a sentence if the combination of compression and depth isn't supported.
std::string_view check_kind(const InfoFields& info, const BmpHeader& header) {
  const unsigned bits = header.bits_per_pixel;
  switch (info.compression) {
    case none:
      if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
        return "The BMP's number of bits per pixel is not 1, 4, 8, 16, 24 or 32.";
      }
      return {};
    case run_length_8:
      return bits == 8 ? std::string_view() : "The BMP's run lengths don't fit its pixels.";
    case run_length_4:
      return bits == 4 ? std::string_view() : "The BMP's run lengths don't fit its pixels.";
    case bit_masks:
      if (info.header_bytes != os2_header_bytes && (bits == 16 || bits == 24 || bits == 32)) {
        return {};
      }
      [[fallthrough]];
    default:
      return "The BMP's compression isn't supported. Save it without compression.";
  }
}

/// Sets the masks. Returns where the palette would begin, or 0 if the file ends in its masks.
std::size_t read_masks(Bytes file, const InfoFields& info, BmpHeader& header) {
  constexpr std::array<std::uint32_t, 3> five_bits_each{0x7C00, 0x03E0, 0x001F};
  constexpr std::array<std::uint32_t, 3> bytes_each{0xFF0000, 0xFF00, 0xFF};
  header.masks = header.bits_per_pixel == 16 ? five_bits_each : bytes_each;
  const std::size_t end = file_header_bytes + info.header_bytes;
  if (info.compression != bit_masks) return end;
  // In a header of more than 40 bytes, the masks are where they would follow one of 40.
  const std::size_t masks_end = std::max(end, masks_at + 12);
  if (file.size() < masks_end) return 0;
  std::array<std::uint32_t, 3> masks{};
  for (std::size_t i = 0; i < masks.size(); ++i) masks[i] = read_u32le(file, masks_at + 4 * i);
  if (std::ranges::any_of(masks, [](std::uint32_t mask) { return mask != 0; })) {
    header.masks = masks;
  }
  return masks_end;
}

}  // namespace

std::variant<BmpHeader, std::string_view> parse_bmp_header(Bytes file) {
  if (file.size() < file_header_bytes + 4) return ends_in_header;
  const std::size_t header_bytes = read_u32le(file, file_header_bytes);
  if (std::ranges::find(header_sizes, header_bytes) == header_sizes.end()) {
    return "The BMP's header has a size that isn't supported. Save it as a Windows BMP.";
  }
  if (file.size() < file_header_bytes + header_bytes) return ends_in_header;

  BmpHeader header;
  const InfoFields info = read_info(file, header_bytes, header);
  if (const auto problem = check_kind(info, header); !problem.empty()) return problem;
  if (info.compression == run_length_8 || info.compression == run_length_4) {
    header.layout = BmpLayout::run_lengths;
  }
  header.palette_offset = read_masks(file, info, header);
  if (header.palette_offset == 0) return ends_in_header;

  header.pixels_offset = read_u32le(file, pixels_offset_at);
  if (header.pixels_offset == 0) header.pixels_offset = header.palette_offset;
  if (header.pixels_offset < file_header_bytes + header_bytes) {
    return "The BMP is damaged: its pixels begin inside its header.";
  }
  if (header.bits_per_pixel > 8) return header;

  const std::size_t colors_max = std::size_t{1} << header.bits_per_pixel;
  const std::size_t named = info.colors_used != 0 ? info.colors_used : colors_max;
  // Some writers don't count the palette. Pillow assumes that it is there.
  if (header.pixels_offset == file_header_bytes + header_bytes) {
    header.pixels_offset += header.palette_color_bytes * named;
  }
  const std::size_t room = std::min(header.pixels_offset, file.size()) - header.palette_offset;
  header.palette_colors = std::min({named, room / header.palette_color_bytes, colors_max});
  return header;
}

}  // namespace samoyed::worker
