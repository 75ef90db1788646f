#include "worker/image/exif.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t orientation_tag = 0x0112;
constexpr std::size_t ifd_entry_bytes = 12;

/// Reads the integers of a TIFF block in its own byte order.
class TiffReader {
 public:
  TiffReader(Bytes bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  bool holds(std::size_t offset, std::size_t count) const {
    return offset <= bytes_.size() && bytes_.size() - offset >= count;
  }
  std::uint32_t u16(std::size_t offset) const {
    return big_endian_ ? read_u16be(bytes_, offset) : read_u16le(bytes_, offset);
  }
  std::uint32_t u32(std::size_t offset) const {
    return big_endian_ ? read_u32be(bytes_, offset) : read_u32le(bytes_, offset);
  }

  /// The value of the entry at `offset` if it is a single integer. A negative value reads as a
  /// large one, which is just as invalid for an orientation.
  std::optional<std::uint32_t> integer(std::size_t offset) const {
    if (u32(offset + 4) != 1) return std::nullopt;
    switch (u16(offset + 2)) {
      case 3:  // SHORT
      case 8:  // SSHORT
        return u16(offset + 8);
      case 4:  // LONG
      case 9:  // SLONG
        return u32(offset + 8);
      case 6:  // SBYTE
        return std::to_integer<std::uint32_t>(bytes_[offset + 8]);
      default:
        return std::nullopt;
    }
  }

 private:
  Bytes bytes_;
  bool big_endian_;
};

/// How to walk through the stored image in the order of the upright one, in pixels of the stored
/// image: where the upright image's top left pixel is, and the distance of one step to the right
/// and one step down in the upright image.
struct Walk {
  std::ptrdiff_t start;
  std::ptrdiff_t right;
  std::ptrdiff_t down;
};

Walk walk_for(int orientation, std::ptrdiff_t width, std::ptrdiff_t height) {
  const std::ptrdiff_t last_column = width - 1;
  const std::ptrdiff_t last_row = (height - 1) * width;
  switch (orientation) {
    case 2:  // mirrored left to right
      return {last_column, -1, width};
    case 3:  // upside down
      return {last_row + last_column, -1, -width};
    case 4:  // mirrored top to bottom
      return {last_row, 1, -width};
    case 5:  // mirrored along the main diagonal
      return {0, width, 1};
    case 6:  // must be turned clockwise
      return {last_row, -width, 1};
    case 7:  // mirrored along the other diagonal
      return {last_row + last_column, -width, -1};
    default:  // 8: must be turned counterclockwise
      return {last_column, width, -1};
  }
}

}  // namespace

int exif_orientation(Bytes exif) {
  if (has_text(exif, 0, "Exif\0\0"sv)) exif = exif.subspan(6);
  const bool big_endian = has_text(exif, 0, "MM\0*"sv);
  if (!big_endian && !has_text(exif, 0, "II*\0"sv)) return 1;

  const TiffReader tiff(exif, big_endian);
  if (!tiff.holds(4, 4)) return 1;
  const std::size_t directory = tiff.u32(4);
  if (!tiff.holds(directory, 2)) return 1;

  std::uint32_t orientation = 1;
  const std::size_t entries = tiff.u16(directory);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * ifd_entry_bytes;
    if (!tiff.holds(entry, ifd_entry_bytes)) break;
    if (tiff.u16(entry) == orientation_tag) orientation = tiff.integer(entry).value_or(1);
  }
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

Bytes find_jpeg_exif(Bytes file) {
  constexpr unsigned start_of_scan = 0xDA;
  constexpr unsigned app1 = 0xE1;
  std::size_t at = 2;
  while (at + 4 <= file.size() && file[at] == std::byte{0xFF}) {
    const auto marker = std::to_integer<unsigned>(file[at + 1]);
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    if (marker == start_of_scan) break;
    const std::size_t length = read_u16be(file, at + 2);  // counts itself, not the marker
    if (length < 2 || length > file.size() - at - 2) break;
    const Bytes segment = file.subspan(at + 4, length - 2);
    if (marker == app1 && has_text(segment, 0, "Exif\0"sv)) return segment;
    at += 2 + length;
  }
  return {};
}

bool sides_swap(int orientation) { return orientation >= 5 && orientation <= 8; }

bool columns_are_mirrored(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

bool rows_are_mirrored(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

Size apply_orientation(Size stored, int orientation) {
  if (sides_swap(orientation)) std::swap(stored.width, stored.height);
  return stored;
}

Image apply_orientation(Image stored, int orientation) {
  if (orientation < 2 || orientation > 8) return stored;
  const Size size = apply_orientation(Size{stored.width, stored.height}, orientation);
  Image turned{size.width, size.height, std::vector<std::uint8_t>(stored.rgb.size())};

  const Walk walk = walk_for(orientation, stored.width, stored.height);
  std::uint8_t* out = turned.rgb.data();
  for (int y = 0; y < turned.height; ++y) {
    const std::uint8_t* in = stored.rgb.data() + 3 * (walk.start + y * walk.down);
    for (int x = 0; x < turned.width; ++x) {
      out[0] = in[0];
      out[1] = in[1];
      out[2] = in[2];
      out += 3;
      // The last step would lead outside the image, where a pointer may not even point.
      if (x + 1 < turned.width) in += 3 * walk.right;
    }
  }
  return turned;
}

}  // namespace samoyed::worker
