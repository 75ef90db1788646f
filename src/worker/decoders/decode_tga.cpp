#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "worker/decoders/decoders.hpp"

namespace samoyed::worker {

namespace {

constexpr std::size_t tga_header_bytes = 18;
constexpr unsigned tga_palette_kind = 1, tga_color_kind = 2;
using TgaColor = std::array<std::uint8_t, 3>;

struct TgaHeader {
  std::size_t id_bytes;
  bool has_palette;
  unsigned kind;  ///< 1: palette, 2: color, 3: gray
  bool run_length;
  std::size_t palette_first;
  std::size_t palette_count;
  unsigned palette_bits;
  int width;
  int height;
  unsigned bits;
  bool from_right;
  bool from_top;

  std::size_t pixel_bytes() const { return bits / 8; }
};

TgaHeader read_tga_header(Bytes file) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(file[at]); };
  const unsigned flags = byte(17);
  return {byte(0),
          byte(1) != 0,
          byte(2) & 7,
          (byte(2) & 8) != 0,
          read_u16le(file, 3),
          read_u16le(file, 5),
          byte(7),
          read_u16le(file, 12),
          read_u16le(file, 14),
          byte(16),
          (flags & 0x10) != 0,
          (flags & 0x20) != 0};
}

/// Reads a color of 16 (five bits each), 24 or 32 bits, blue first.
TgaColor read_tga_color(const std::byte* at, std::size_t bytes) {
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(at[i]); };
  if (bytes == 2) {
    const unsigned value = byte(0) | byte(1) << 8;
    const auto scaled = [](unsigned five) {
      return static_cast<std::uint8_t>((five & 31) * 255 / 31);
    };
    return {scaled(value >> 10), scaled(value >> 5), scaled(value)};
  }
  return {static_cast<std::uint8_t>(byte(2)), static_cast<std::uint8_t>(byte(1)),
          static_cast<std::uint8_t>(byte(0))};
}

/// The colors of all indices. Those beyond the palette are grays, those before it black, as in
/// Pillow. `entries` is the palette in the file.
std::array<TgaColor, 256> read_tga_palette(const TgaHeader& header, Bytes entries) {
  std::array<TgaColor, 256> palette;
  for (std::size_t i = 0; i < palette.size(); ++i) palette[i].fill(static_cast<std::uint8_t>(i));
  if (!header.has_palette) return palette;
  std::fill_n(palette.begin(), header.palette_first, TgaColor{});
  const std::size_t bytes = header.palette_bits / 8;
  for (std::size_t i = 0; i < header.palette_count; ++i) {
    palette[header.palette_first + i] = read_tga_color(entries.data() + i * bytes, bytes);
  }
  return palette;
}

/// Gives the stored pixels one after the other.
class TgaPixels {
 public:
  TgaPixels(const TgaHeader& header, Bytes data)
      : size_(header.pixel_bytes()), run_length_(header.run_length), rest_(data) {}

  /// Returns the next pixel's bytes, or null at the end of the data.
  const std::byte* next() {
    if (!run_length_) return take();
    if (left_ == 0) {
      if (rest_.empty()) return nullptr;
      const auto packet = std::to_integer<unsigned>(rest_[0]);
      rest_ = rest_.subspan(1);
      left_ = (packet & 0x7F) + 1;
      repeated_ = (packet & 0x80) != 0 ? take() : nullptr;
      if ((packet & 0x80) != 0 && repeated_ == nullptr) return nullptr;
    }
    --left_;
    return repeated_ != nullptr ? repeated_ : take();
  }

 private:
  const std::byte* take() {
    if (rest_.size() < size_) return nullptr;
    const std::byte* const at = rest_.data();
    rest_ = rest_.subspan(size_);
    return at;
  }

  std::size_t size_;
  bool run_length_;
  Bytes rest_;
  unsigned left_ = 0;
  const std::byte* repeated_ = nullptr;
};

/// Reads the pixels of one bit each, whose rows begin with a byte.
bool read_tga_bits(const TgaHeader& header, Bytes data, Image& image) {
  const auto width = static_cast<std::size_t>(header.width);
  const std::size_t row_bytes = (width + 7) / 8;
  if (data.size() < row_bytes * static_cast<std::size_t>(header.height)) return false;
  std::uint8_t* out = image.rgb.data();
  for (; !data.empty() && out != image.rgb.data() + image.rgb.size();
       data = data.subspan(row_bytes)) {
    for (std::size_t x = 0; x < width; ++x) {
      const bool white = (std::to_integer<unsigned>(data[x / 8]) >> (7 - x % 8) & 1) != 0;
      out = std::fill_n(out, 3, static_cast<std::uint8_t>(white ? 255 : 0));
    }
  }
  return true;
}

bool read_tga_pixels(const TgaHeader& header, const std::array<TgaColor, 256>& palette, Bytes data,
                     Image& image) {
  if (header.bits == 1) return read_tga_bits(header, data, image);
  TgaPixels pixels(header, data);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    const std::byte* const pixel = pixels.next();
    if (pixel == nullptr) return false;
    TgaColor color;
    if (header.kind == tga_color_kind) {
      color = read_tga_color(pixel, header.pixel_bytes());
    } else if (header.kind == tga_palette_kind) {
      color = palette[std::to_integer<std::size_t>(*pixel)];
    } else {
      color.fill(std::to_integer<std::uint8_t>(*pixel));
    }
    std::ranges::copy(color, image.rgb.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return true;
}

/// Puts the first row on top, and the first column to the left.
void arrange(const TgaHeader& header, Image& image) {
  const auto row_bytes = static_cast<std::ptrdiff_t>(image.width) * 3;
  const auto row = [&](int y) { return image.rgb.begin() + y * row_bytes; };
  for (int y = 0; !header.from_top && y < image.height / 2; ++y) {
    std::swap_ranges(row(y), row(y) + row_bytes, row(image.height - 1 - y));
  }
  for (int y = 0; header.from_right && y < image.height; ++y) {
    for (std::ptrdiff_t left = 0, right = row_bytes - 3; left < right; left += 3, right -= 3) {
      std::swap_ranges(row(y) + left, row(y) + left + 3, row(y) + right);
    }
  }
}

std::optional<protocol::Refusal> check_tga_palette(const TgaHeader& header) {
  if (!header.has_palette) return std::nullopt;
  const unsigned bits = header.palette_bits;
  if (header.palette_first + header.palette_count > 256 ||
      (bits != 16 && bits != 24 && bits != 32)) {
    return unreadable("The TGA's palette isn't supported. Save it with 24 bits per pixel.");
  }
  return std::nullopt;
}

}  // namespace

RawResult decode_tga(Bytes file, const DecodeLimits& limits) {
  const TgaHeader header = read_tga_header(file);
  if (auto refusal = check_size(header.width, header.height, limits)) return *refusal;
  if (auto refusal = check_tga_palette(header)) return *refusal;
  if (header.bits == 1 && header.run_length) {
    return unreadable("The TGA's compression isn't supported. Save it with 24 bits per pixel.");
  }
  const std::size_t palette_bytes =
      header.has_palette ? header.palette_count * (header.palette_bits / 8) : 0;
  const std::size_t palette_at = tga_header_bytes + header.id_bytes;
  // A packet of run lengths gives at most 128 pixels.
  const std::size_t pixels =
      static_cast<std::size_t>(header.width) * static_cast<std::size_t>(header.height);
  const std::size_t least = header.run_length ? pixels / 128 : pixels * header.bits / 8;
  if (file.size() < palette_at + palette_bytes + least) return unreadable("The TGA is incomplete.");

  Image image = make_image(header.width, header.height);
  const auto palette = read_tga_palette(header, file.subspan(palette_at, palette_bytes));
  if (!read_tga_pixels(header, palette, file.subspan(palette_at + palette_bytes), image)) {
    return unreadable("The TGA is incomplete.");
  }
  arrange(header, image);
  return RawImage{std::move(image), {}};
}

}  // namespace samoyed::worker
