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

std::optional<int> find_exif_orientation(Bytes exif) {
  if (has_text(exif, 0, "Exif\0\0"sv)) exif = exif.subspan(6);
  // Like Pillow, accept a header whose 42 is in the other byte order.
  const auto begins_with = [&](std::string_view magic) { return has_text(exif, 0, magic); };
  const bool big_endian = begins_with("MM\0*"sv) || begins_with("MM*\0"sv);
  if (!big_endian && !begins_with("II*\0"sv) && !begins_with("II\0*"sv)) return std::nullopt;

  const TiffReader tiff(exif, big_endian);
  if (!tiff.holds(4, 4)) return std::nullopt;
  const std::size_t directory = tiff.u32(4);
  if (!tiff.holds(directory, 2)) return std::nullopt;

  std::optional<std::uint32_t> orientation;
  const std::size_t entries = tiff.u16(directory);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * ifd_entry_bytes;
    if (!tiff.holds(entry, ifd_entry_bytes)) break;
    if (tiff.u16(entry) == orientation_tag) orientation = tiff.integer(entry).value_or(1);
  }
  if (!orientation) return std::nullopt;
  return *orientation >= 1 && *orientation <= 8 ? static_cast<int>(*orientation) : 1;
}

int exif_orientation(Bytes exif) { return find_exif_orientation(exif).value_or(1); }

std::optional<int> find_xmp_orientation(std::string_view xmp) {
  constexpr std::string_view name = "tiff:Orientation";
  for (std::size_t at = xmp.find(name); at != std::string_view::npos; at = xmp.find(name, at + 1)) {
    std::string_view value = xmp.substr(at + name.size());
    if (value.starts_with("=\"")) {
      value.remove_prefix(2);
    } else if (value.starts_with('>')) {
      value.remove_prefix(1);
    } else {
      continue;
    }
    if (value.empty() || value.front() < '0' || value.front() > '9') continue;
    const int orientation = value.front() - '0';
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return std::nullopt;
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
