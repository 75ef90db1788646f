#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "worker/image/decoders.hpp"
#include "worker/image/stb_decoder.hpp"

namespace samoyed::worker {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view signature = "\x89PNG\r\n\x1A\n"sv;
constexpr std::size_t chunk_frame_bytes = 12;  // length, type, CRC
constexpr std::size_t ihdr_bytes = 13;
constexpr std::size_t palette_colors_max = 256;
/// Beyond the computed need: stb_image rounds small buffers up.
constexpr std::size_t budget_slack_bytes = std::size_t{64} << 10;

/// IHDR (PNG specification, 11.2.1).
struct PngHeader {
  std::int64_t width;
  std::int64_t height;
  unsigned depth;       ///< Bits a sample: 1, 2, 4, 8, 16.
  unsigned color_type;  ///< 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA.
  unsigned interlaced;  ///< 0 or 1.

  std::int64_t channels() const {
    switch (color_type) {
      case 2:
        return 3;
      case 4:
        return 2;
      case 6:
        return 4;
      default:
        return 1;
    }
  }
};

/// What of the file matters, as views into it.
struct PngParts {
  Bytes ihdr;
  Bytes palette;
  std::vector<Bytes> data;
  Bytes exif;
};

/// CRC-32 of ISO 3309 (PNG specification, annex D).
std::uint32_t crc32(Bytes bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t n = 0; n < entries.size(); ++n) {
      std::uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
      entries[n] = c;
    }
    return entries;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::byte byte : bytes) {
    crc = table[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ (crc >> 8);
  }
  return ~crc;
}

/// Sorts the chunks of a PNG file, up to IEND. As Pillow does, checks the CRC of the chunks before
/// the pixels and not of those of the pixels, which shows an image with a flaw instead of none.
std::variant<PngParts, protocol::Refusal> sort_chunks(Bytes file) {
  PngParts parts;
  bool data_ended = false;
  std::size_t at = signature.size();
  while (file.size() - at >= chunk_frame_bytes) {
    const std::size_t length = read_u32be(file, at);
    if (length > file.size() - at - chunk_frame_bytes) break;
    const auto is = [&](std::string_view type) { return has_text(file, at + 4, type); };
    const Bytes body = file.subspan(at + 8, length);
    const Bytes checked = file.subspan(at + 4, 4 + length);
    const bool first = parts.ihdr.empty();

    if (first != is("IHDR"sv) || (first && length != ihdr_bytes)) {
      return unreadable("The PNG file is damaged: its header is not where it belongs.");
    }
    if (parts.data.empty() && !is("IDAT"sv) &&
        crc32(checked) != read_u32be(file, at + 8 + length)) {
      return unreadable("The PNG file is damaged: the checksum of a header is wrong.");
    }
    if (is("IEND"sv)) return parts;
    if (is("IHDR"sv)) {
      parts.ihdr = body;
    } else if (is("PLTE"sv)) {
      parts.palette = body;
    } else if (is("IDAT"sv)) {
      if (data_ended)
        return unreadable("The PNG file is damaged: its pixels are not in one piece.");
      if (!body.empty()) parts.data.push_back(body);
    } else if (is("eXIf"sv)) {
      if (parts.exif.empty()) parts.exif = body;
    } else if ((checked.front() & std::byte{0x20}) ==
               std::byte{0}) {  // critical by its capital letter
      return unreadable("The PNG file has a part that is not known.");
    }
    if (!is("IDAT"sv)) data_ended = !parts.data.empty();
    at += chunk_frame_bytes + length;
  }
  return unreadable("The PNG file ends before its last part.");
}

PngHeader parse_png_header(Bytes ihdr) {
  return {std::int64_t{read_u32be(ihdr, 0)}, std::int64_t{read_u32be(ihdr, 4)},
          std::to_integer<unsigned>(ihdr[8]), std::to_integer<unsigned>(ihdr[9]),
          std::to_integer<unsigned>(ihdr[12])};
}

/// Table 11.1 of the specification. stb_image lets some other combinations pass.
bool is_allowed(const PngHeader& header) {
  const unsigned depth = header.depth;
  const bool small = depth == 1 || depth == 2 || depth == 4;
  switch (header.color_type) {
    case 0:
      return small || depth == 8 || depth == 16;
    case 3:
      return small || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

/// Bytes of all filtered rows, which is what the pixels' data must inflate to.
std::int64_t inflated_bytes(const PngHeader& header) {
  const std::int64_t pixel_bits = header.channels() * header.depth;
  const auto rows = [&](std::int64_t width, std::int64_t height) {
    return width > 0 && height > 0 ? ((width * pixel_bits + 7) / 8 + 1) * height : 0;
  };
  if (header.interlaced == 0) return rows(header.width, header.height);

  struct Pass {
    int left, top, step_x, step_y;
  };
  // Adam7 (PNG specification, 8.2).
  constexpr std::array<Pass, 7> passes{{{0, 0, 8, 8},
                                        {4, 0, 8, 8},
                                        {0, 4, 4, 8},
                                        {2, 0, 4, 4},
                                        {0, 2, 2, 4},
                                        {1, 0, 2, 2},
                                        {0, 1, 1, 2}}};
  std::int64_t bytes = 0;
  for (const Pass& pass : passes) {
    bytes += rows((header.width - pass.left + pass.step_x - 1) / pass.step_x,
                  (header.height - pass.top + pass.step_y - 1) / pass.step_y);
  }
  return bytes;
}

/// What decoding takes beside the copy of the file that is given to stb_image.
struct MemoryNeed {
  std::int64_t least;  ///< Nothing can be decoded with less.
  std::int64_t
      ample;  ///< With this an honest file never fails; one that inflates to much more does.
};

MemoryNeed memory_need(const PngHeader& header, std::int64_t data_bytes) {
  const std::int64_t pixels = header.width * header.height;
  const std::int64_t inflated = inflated_bytes(header);
  const std::int64_t unfiltered = pixels * header.channels() * (header.depth == 16 ? 2 : 1);
  // The steps after unfiltering: an 8-bit image of four channels and our copy of three, or one of
  // 16 bits and three channels beside its reduction to 8 (which stb_image must never lack memory
  // for: it would leak the former).
  const std::int64_t converted = pixels * 9;
  const std::int64_t images = header.interlaced == 0 ? unfiltered : 2 * unfiltered;
  return {std::max({data_bytes + inflated, inflated + images, converted}),
          data_bytes + 3 * inflated + 2 * unfiltered + converted +
              static_cast<std::int64_t>(budget_slack_bytes)};
}

void append_u32be(std::string& out, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(value >> shift & 0xFFU));
}

void append_bytes(std::string& out, Bytes bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// Begins a chunk; the caller adds its `length` bytes and a CRC.
void append_chunk_head(std::string& out, std::size_t length, std::string_view type) {
  append_u32be(out, static_cast<std::uint32_t>(length));
  out.append(type);
}

/// The palette, filled up to 256 colors, and a tRNS chunk that makes those of the file opaque and
/// the others transparent: stb_image would take the latter from memory that nobody has written.
void append_full_palette(std::string& out, Bytes palette) {
  append_chunk_head(out, 3 * palette_colors_max, "PLTE");
  append_bytes(out, palette);
  out.append(3 * palette_colors_max - palette.size(), '\0');
  append_u32be(out, 0);
  const std::size_t defined = palette.size() / 3;
  append_chunk_head(out, palette_colors_max, "tRNS");
  out.append(defined, '\xFF');
  out.append(palette_colors_max - defined, '\0');
  append_u32be(out, 0);
}

/// The same image as a PNG of nothing but what stb_image needs, the data in one chunk. CRCs are
/// left 0: it doesn't check them.
std::string plain_png(const PngParts& parts, std::size_t data_bytes) {
  std::string out;
  out.reserve(signature.size() + 5 * chunk_frame_bytes + ihdr_bytes + 4 * palette_colors_max +
              data_bytes);
  out.append(signature);
  append_chunk_head(out, ihdr_bytes, "IHDR");
  append_bytes(out, parts.ihdr);
  append_u32be(out, 0);
  if (parse_png_header(parts.ihdr).color_type == 3) append_full_palette(out, parts.palette);
  append_chunk_head(out, data_bytes, "IDAT");
  for (const Bytes piece : parts.data) append_bytes(out, piece);
  append_u32be(out, 0);
  append_chunk_head(out, 0, "IEND");
  append_u32be(out, 0);
  return out;
}

/// Drops the fourth channel; `std::nullopt` if a pixel is transparent in it.
std::optional<Image> opaque_rgb(const StbImage& rgba) {
  Image image = make_image(rgba.width, rgba.height);
  const std::uint8_t* in = rgba.pixels.get();
  for (std::size_t i = 0; i < image.rgb.size(); i += 3, in += 4) {
    if (in[3] == 0) return std::nullopt;
    std::copy_n(in, 3, &image.rgb[i]);
  }
  return image;
}

std::optional<protocol::Refusal> check(const PngParts& parts, const PngHeader& header,
                                       const DecodeLimits& limits) {
  if (!is_allowed(header)) return unreadable("The PNG file is damaged: its header makes no sense.");
  if (auto refusal = check_size(header.width, header.height, limits)) return refusal;
  if (parts.data.empty()) return unreadable("The PNG file has no pixels.");
  const std::size_t palette_bytes = parts.palette.size();
  if (header.color_type == 3 &&
      (palette_bytes == 0 || palette_bytes % 3 != 0 || palette_bytes > 3 * palette_colors_max)) {
    return unreadable("The PNG file is damaged: its palette has no possible size.");
  }
  return std::nullopt;
}

}  // namespace

RawResult decode_png(Bytes file, const DecodeLimits& limits) {
  auto sorted = sort_chunks(file);
  if (auto* const refusal = std::get_if<protocol::Refusal>(&sorted)) return std::move(*refusal);
  const auto& parts = std::get<PngParts>(sorted);
  const PngHeader header = parse_png_header(parts.ihdr);
  if (auto refusal = check(parts, header, limits)) return *refusal;

  std::size_t data_bytes = 0;
  for (const Bytes piece : parts.data) data_bytes += piece.size();
  const MemoryNeed need = memory_need(header, static_cast<std::int64_t>(data_bytes));
  const std::int64_t allowed =
      static_cast<std::int64_t>(limits.memory_bytes_max) - static_cast<std::int64_t>(data_bytes);
  if (need.least > allowed) {
    return too_much_memory(header.width, header.height);
  }

  const bool has_palette = header.color_type == 3;
  const StbImage decoded = [&] {
    const std::string plain = plain_png(parts, data_bytes);
    return decode_with_stb(std::as_bytes(std::span(plain)), has_palette ? 4 : 3,
                           static_cast<std::size_t>(std::min(need.ample, allowed)));
  }();
  if (decoded.budget_exceeded) {
    return unreadable("The PNG file is damaged: it inflates to more than its header says.");
  }
  if (!decoded.pixels || decoded.width != header.width || decoded.height != header.height) {
    return unreadable("The PNG file is damaged.");
  }
  if (has_palette) {
    auto image = opaque_rgb(decoded);
    if (image) return RawImage{std::move(*image), parts.exif};
    return unreadable("The PNG file is damaged: a pixel names a color beyond the palette.");
  }
  Image image = make_image(decoded.width, decoded.height);
  std::copy_n(decoded.pixels.get(), image.rgb.size(), image.rgb.begin());
  return RawImage{std::move(image), parts.exif};
}

}  // namespace samoyed::worker
