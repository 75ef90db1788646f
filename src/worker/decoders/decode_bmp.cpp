#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "worker/decoders/decoders.hpp"
#include "worker/decoders/stb_decoder.hpp"

namespace samoyed::worker {

namespace {

constexpr std::size_t file_header_bytes = 14;
constexpr std::size_t pixels_offset_at = 10;
/// BITMAPINFOHEADER. Its later versions (56, 108 and 124 bytes) begin the same way.
constexpr std::size_t info_header_bytes = 40;

/// BITMAPFILEHEADER and BITMAPINFOHEADER as the file stores them.
struct BmpHeader {
  std::size_t pixels_offset;
  std::size_t info_bytes;
  std::int64_t width;
  /// Number of rows. Negative in the file if the rows go from top to bottom.
  std::int64_t height;
  unsigned bits_per_pixel;
  std::uint32_t compression;  ///< 0: none; 1 and 2: run lengths; 3: bit masks
  std::uint32_t colors_used;  ///< 0: as many as the bits allow

  std::size_t row_used_bytes() const {
    return (static_cast<std::size_t>(width) * bits_per_pixel + 7) / 8;
  }
  /// Rows begin at multiples of four bytes.
  std::size_t row_bytes() const { return (row_used_bytes() + 3) / 4 * 4; }
  /// Bytes of all rows. The last one needs no padding.
  std::size_t pixels_bytes() const {
    return row_bytes() * static_cast<std::size_t>(height - 1) + row_used_bytes();
  }
};

void write_u32le(std::span<std::byte> bytes, std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i)
    bytes[at + i] = static_cast<std::byte>(value >> (8 * i) & 0xFF);
}

/// The file must contain all of the file header and BITMAPINFOHEADER.
BmpHeader parse_bmp_header(Bytes file) {
  const std::int64_t height = static_cast<std::int32_t>(read_u32le(file, 22));
  return {read_u32le(file, pixels_offset_at),
          read_u32le(file, 14),
          std::int64_t{read_u32le(file, 18)},
          height < 0 ? -height : height,
          read_u16le(file, 28),
          read_u32le(file, 30),
          read_u32le(file, 46)};
}

/// Whether every pixel's index is below `colors`. For a larger index, stb_image would take the
/// color from uninitialized memory.
bool indices_are_below(std::size_t colors, const BmpHeader& header, Bytes file) {
  const unsigned bits = header.bits_per_pixel;
  if (colors >= std::size_t{1} << bits) return true;
  const unsigned mask = (1U << bits) - 1;
  const std::size_t pixels_per_byte = 8 / bits;
  for (std::int64_t y = 0; y < header.height; ++y) {
    const Bytes row =
        file.subspan(header.pixels_offset + static_cast<std::size_t>(y) * header.row_bytes());
    for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x) {
      const auto shift = static_cast<unsigned>(8 - bits * (x % pixels_per_byte + 1));
      const unsigned index = std::to_integer<unsigned>(row[x / pixels_per_byte]) >> shift & mask;
      if (index >= colors) return false;
    }
  }
  return true;
}

std::optional<protocol::Refusal> check_palette(const BmpHeader& header, Bytes file) {
  // stb_image takes everything between the header and the pixels for the palette.
  const std::size_t space = header.pixels_offset - file_header_bytes - header.info_bytes;
  const std::size_t colors_stored = space / 4;
  if (colors_stored == 0 || colors_stored > 256) {
    return unreadable("The BMP is damaged: the size of its palette is invalid.");
  }
  const std::size_t colors_named =
      header.colors_used != 0 ? header.colors_used : std::size_t{1} << header.bits_per_pixel;
  if (!indices_are_below(std::min(colors_stored, colors_named), header, file)) {
    return unreadable("The BMP is damaged: a pixel's color is not in the palette.");
  }
  return std::nullopt;
}

/// Checks everything that stb_image doesn't check itself.
std::optional<protocol::Refusal> check(const BmpHeader& header, Bytes file,
                                       const DecodeLimits& limits) {
  if (header.compression == 1 || header.compression == 2) {
    return unreadable(
        "The BMP uses run-length compression, which isn't supported. Save it without compression.");
  }
  if (header.compression != 0 && header.compression != 3) {
    return unreadable("The BMP's compression isn't supported. Save it without compression.");
  }
  const unsigned bits = header.bits_per_pixel;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
    return unreadable("The BMP has " + std::to_string(bits) +
                      " bits per pixel. Only 1, 4, 8, 16, 24 and 32 are supported.");
  }
  if (auto refusal = check_size(header.width, header.height, limits)) return refusal;

  if (header.pixels_offset < file_header_bytes + header.info_bytes) {
    return unreadable("The BMP is damaged: its pixels begin inside its header.");
  }
  if (header.pixels_offset > file.size() ||
      file.size() - header.pixels_offset < header.pixels_bytes()) {
    return unreadable("The BMP is incomplete.");
  }
  if (bits <= 8) return check_palette(header, file);
  return std::nullopt;
}

/// The header in the form that stb_image expects in a file without a palette: the pixels must
/// follow it immediately.
struct CompactHeader {
  explicit CompactHeader(const BmpHeader& header) {
    // In a header of 56 bytes, the masks are where they would follow a header of 40 bytes, and
    // stb_image looks for them only there.
    const bool begins_as_40 = header.info_bytes <= 56;
    info_bytes = begins_as_40 ? info_header_bytes : header.info_bytes;
    bytes = file_header_bytes + info_bytes + (begins_as_40 && header.compression == 3 ? 12 : 0);
    differs = header.bits_per_pixel > 8 && header.pixels_offset > bytes;
  }

  std::size_t info_bytes;
  std::size_t bytes;
  bool differs;
};

/// Returns the file without the gap between the header and the pixels.
std::vector<std::byte> without_gap(const BmpHeader& header, const CompactHeader& compact,
                                   Bytes file) {
  const Bytes head = file.first(compact.bytes);
  const Bytes pixels = file.subspan(header.pixels_offset, header.pixels_bytes());
  std::vector<std::byte> bytes;
  bytes.reserve(head.size() + pixels.size());
  bytes.assign(head.begin(), head.end());
  bytes.insert(bytes.end(), pixels.begin(), pixels.end());
  write_u32le(bytes, pixels_offset_at, compact.bytes);
  write_u32le(bytes, file_header_bytes, compact.info_bytes);
  return bytes;
}

StbImage decode_pixels(const BmpHeader& header, const CompactHeader& compact, Bytes file,
                       std::size_t rgb_bytes) {
  if (!compact.differs) return decode_with_stb(file, rgb_bytes);
  return decode_with_stb(without_gap(header, compact, file), rgb_bytes);
}

}  // namespace

RawResult decode_bmp(Bytes file, const DecodeLimits& limits) {
  if (file.size() < file_header_bytes + 4)
    return unreadable("The BMP is incomplete: it ends in its header.");
  const std::size_t info_bytes = read_u32le(file, file_header_bytes);
  if (info_bytes != info_header_bytes && info_bytes != 56 && info_bytes != 108 &&
      info_bytes != 124) {
    return unreadable(
        "This kind of BMP, perhaps from OS/2, isn't supported. Save it as a Windows BMP.");
  }
  if (file.size() < file_header_bytes + info_bytes) {
    return unreadable("The BMP is incomplete: it ends in its header.");
  }
  const BmpHeader header = parse_bmp_header(file);
  if (auto refusal = check(header, file, limits)) return *refusal;

  const auto rgb_bytes = static_cast<std::size_t>(header.width * header.height * 3);
  const CompactHeader compact(header);
  if (compact.differs &&
      compact.bytes + header.pixels_bytes() + rgb_bytes > limits.memory_bytes_max) {
    return too_much_memory(header.width, header.height);
  }
  const StbImage decoded = decode_pixels(header, compact, file, rgb_bytes);
  if (!decoded.pixels || decoded.width != header.width || decoded.height != header.height) {
    return unreadable("The BMP is damaged.");
  }
  Image image = make_image(decoded.width, decoded.height);
  std::copy_n(decoded.pixels.get(), image.rgb.size(), image.rgb.begin());
  return RawImage{std::move(image), {}};
}

}  // namespace samoyed::worker
