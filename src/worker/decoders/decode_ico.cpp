#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "worker/decoders/decode_dib.hpp"
#include "worker/decoders/decoders.hpp"

namespace samoyed::worker {

namespace {

constexpr std::size_t ico_header_bytes = 6;
constexpr std::size_t ico_entry_bytes = 16;
constexpr unsigned cursor_type = 2;

/// One image of an icon or cursor, as its table says.
struct IcoEntry {
  unsigned width = 0;
  unsigned height = 0;
  unsigned depth = 0;  ///< Bits for each pixel.
  std::size_t offset = 0;
};

IcoEntry read_ico_entry(Bytes file, std::size_t index, bool cursor) {
  const Bytes entry = file.subspan(ico_header_bytes + index * ico_entry_bytes, ico_entry_bytes);
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(entry[at]); };
  const auto side = [&](unsigned value) { return value == 0 ? 256U : value; };
  const unsigned colors = byte(2);
  unsigned depth = read_u16le(entry, 6);  // In a cursor, that is the row of the hot spot.
  if (depth == 0 && colors > 1) depth = static_cast<unsigned>(std::bit_width(colors - 1));
  if (depth == 0) depth = 256;
  return {side(byte(0)), side(byte(1)), cursor ? 0 : depth, read_u32le(entry, 12)};
}

/// Whether `entry`, which comes later, is chosen rather than `best`: the largest, and the deepest
/// of these. A cursor must be both wider and higher, as in Pillow.
bool is_better(const IcoEntry& entry, const IcoEntry& best, bool cursor) {
  if (cursor) return entry.width > best.width && entry.height > best.height;
  return std::tuple(entry.width * entry.height, entry.depth) >=
         std::tuple(best.width * best.height, best.depth);
}

}  // namespace

RawResult decode_ico(Bytes file, const DecodeLimits& limits, const DecodeOptions& options) {
  const bool cursor = read_u16le(file, 2) == cursor_type;
  const std::size_t count = read_u16le(file, 4);
  if (count == 0) return unreadable("The ICO contains no image.");
  if (file.size() < ico_header_bytes + count * ico_entry_bytes) {
    return unreadable("The ICO is incomplete: it ends in its header.");
  }
  IcoEntry best = read_ico_entry(file, 0, cursor);
  for (std::size_t i = 1; i < count; ++i) {
    const IcoEntry entry = read_ico_entry(file, i, cursor);
    if (is_better(entry, best, cursor)) best = entry;
  }
  if (best.offset >= file.size()) return unreadable("The ICO is incomplete.");
  const Bytes image = file.subspan(best.offset);
  if (!has_text(image, 0, "\x89PNG\r\n\x1A\n")) return decode_bitmap(image, true, limits, options);
  RawResult result = decode_png(image, limits, options);
  // An icon is never turned.
  if (auto* const png = std::get_if<RawImage>(&result)) png->exif = {};
  return result;
}

}  // namespace samoyed::worker
