#include "worker/decoders/decode_dib.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/decoders/decoders.hpp"

namespace samoyed::worker {

namespace {

constexpr std::size_t bmp_file_header_bytes = 14;
constexpr std::size_t os2_core_header_bytes = 12;  ///< BITMAPCOREHEADER, of OS/2.
constexpr std::size_t info_header_min_bytes = 40;
constexpr std::uint32_t compression_masks = 3;

void put_u32le(std::byte* out, std::size_t value) {
  for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::byte>(value >> (8 * i) & 0xFF);
}

/// Returns where the pixels begin in a file header and the bitmap: after the bit masks and the
/// palette.
std::optional<std::size_t> pixels_offset(Bytes bitmap) {
  if (bitmap.size() < 16) return std::nullopt;
  const std::size_t header_bytes = read_u32le(bitmap, 0);
  if (header_bytes == os2_core_header_bytes) {
    const unsigned bits = read_u16le(bitmap, 10);
    const std::size_t palette_bytes = bits <= 8 ? std::size_t{3} << bits : 0;
    return bmp_file_header_bytes + os2_core_header_bytes + palette_bytes;
  }
  if (bitmap.size() < info_header_min_bytes) return std::nullopt;
  const unsigned bits = read_u16le(bitmap, 14);
  const std::size_t colors_named = read_u32le(bitmap, 32);
  const bool masks =
      header_bytes == info_header_min_bytes && read_u32le(bitmap, 16) == compression_masks;
  const std::size_t colors = bits > 8            ? 0
                             : colors_named != 0 ? colors_named
                                                 : std::size_t{1} << bits;
  return bmp_file_header_bytes + header_bytes + (masks ? 12 : 0) + 4 * colors;
}

}  // namespace

RawResult decode_bitmap(Bytes bitmap, bool has_mask, const DecodeLimits& limits,
                        const DecodeOptions& options) {
  const auto offset = pixels_offset(bitmap);
  if (!offset) return unreadable("The bitmap is incomplete: it ends in its header.");
  if (*offset > bmp_file_header_bytes + bitmap.size()) {
    return unreadable("The bitmap is incomplete: it ends before its pixels.");
  }
  const std::size_t copy_bytes = bmp_file_header_bytes + bitmap.size();
  if (copy_bytes > limits.memory_bytes_max) {
    return protocol::Refusal{protocol::RefusalReason::too_many_pixels,
                             "Decoding the bitmap takes more memory than is allowed."};
  }
  std::vector<std::byte> file(copy_bytes);
  file[0] = std::byte{'B'};
  file[1] = std::byte{'M'};
  put_u32le(&file[2], copy_bytes);
  put_u32le(&file[10], *offset);
  std::ranges::copy(bitmap, file.begin() + bmp_file_header_bytes);
  if (has_mask && read_u32le(bitmap, 0) >= info_header_min_bytes) {
    const auto height = static_cast<std::int32_t>(read_u32le(bitmap, 8));
    put_u32le(&file[bmp_file_header_bytes + 8], static_cast<std::uint32_t>(height / 2));
  }
  DecodeLimits rest = limits;
  rest.memory_bytes_max -= copy_bytes;
  RawResult result = decode_bmp(file, rest, options);
  // What the result says about the copy is gone with it.
  if (auto* const image = std::get_if<RawImage>(&result)) image->exif = {};
  return result;
}

RawResult decode_dib(Bytes file, const DecodeLimits& limits, const DecodeOptions& options) {
  return decode_bitmap(file, false, limits, options);
}

}  // namespace samoyed::worker
