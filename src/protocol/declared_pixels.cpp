#include "samoyed/protocol/declared_pixels.hpp"

#include <string_view>

namespace samoyed::protocol {
namespace {

/// The bytes of a file. Reading beyond its end gives 0 and makes the file `short_of` them.
class Header {
 public:
  explicit Header(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool has_text(std::size_t at, std::string_view text) const {
    if (at > bytes_.size() || bytes_.size() - at < text.size()) return false;
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + at, text.size()) == text;
  }
  std::uint64_t little_endian(std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = count; i > 0; --i) value = value << 8 | byte(at + i - 1);
    return value;
  }
  std::uint64_t big_endian(std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte(at + i);
    return value;
  }
  bool short_of() const { return short_; }

 private:
  std::uint64_t byte(std::size_t at) {
    if (at < bytes_.size()) return std::to_integer<std::uint64_t>(bytes_[at]);
    short_ = true;
    return 0;
  }

  std::span<const std::byte> bytes_;
  bool short_ = false;
};

/// The marker segments that begin a frame: SOF0 to SOF15 without DHT, JPG and DAC.
bool begins_frame(std::uint64_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

std::uint64_t jpeg_pixels(Header& file) {
  std::size_t at = 2;
  while (!file.short_of()) {
    if (file.big_endian(at, 1) != 0xFF) return 0;
    const std::uint64_t marker = file.big_endian(at + 1, 1);
    if (marker == 0xFF) {
      ++at;
    } else if (begins_frame(marker)) {
      return file.big_endian(at + 5, 2) * file.big_endian(at + 7, 2);
    } else {
      at += 2 + file.big_endian(at + 2, 2);
    }
  }
  return 0;
}

std::uint64_t webp_pixels(Header& file) {
  if (file.has_text(12, "VP8X")) {
    return (file.little_endian(24, 3) + 1) * (file.little_endian(27, 3) + 1);
  }
  if (file.has_text(12, "VP8L")) {
    const std::uint64_t bits = file.little_endian(21, 4);
    return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1);
  }
  return (file.little_endian(26, 2) & 0x3FFF) * (file.little_endian(28, 2) & 0x3FFF);
}

std::uint64_t bmp_pixels(Header& file) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 31;
  if (file.little_endian(14, 4) == 12) {
    return file.little_endian(18, 2) * file.little_endian(20, 2);
  }
  const std::uint64_t height = file.little_endian(22, 4);
  return file.little_endian(18, 4) * (height < sign ? height : 2 * sign - height);
}

}  // namespace

std::optional<std::uint64_t> declared_pixels(std::span<const std::byte> image_file) {
  Header file(image_file);
  std::uint64_t pixels = 0;
  if (file.has_text(0, "\xFF\xD8")) {
    pixels = jpeg_pixels(file);
  } else if (file.has_text(0, "\x89PNG")) {
    pixels = file.big_endian(16, 4) * file.big_endian(20, 4);
  } else if (file.has_text(0, "RIFF") && file.has_text(8, "WEBP")) {
    pixels = webp_pixels(file);
  } else if (file.has_text(0, "GIF8")) {
    pixels = file.little_endian(6, 2) * file.little_endian(8, 2);
  } else if (file.has_text(0, "BM")) {
    pixels = bmp_pixels(file);
  }
  if (pixels == 0 || file.short_of()) return std::nullopt;
  return pixels;
}

}  // namespace samoyed::protocol
