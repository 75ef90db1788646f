#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/decoders/decoders.hpp"

namespace samoyed::worker {

namespace {

constexpr std::string_view pnm_spaces = " \t\n\v\f\r";
/// Of a number in the header or among the pixels, as in Pillow.
constexpr std::size_t pnm_digits_max = 10;
constexpr std::uint32_t pnm_value_max = 65535;

/// Reads numbers as text, with comments between them.
class PnmText {
 public:
  explicit PnmText(std::string_view text) : rest_(text) {}

  /// Reads a number and one character after it.
  std::optional<std::uint32_t> read_number() {
    std::array<char, pnm_digits_max> digits;
    std::size_t count = 0;
    for (auto c = next(); c; c = next()) {
      if (pnm_spaces.find(*c) != pnm_spaces.npos) {
        if (count > 0) break;
      } else {
        if (count == digits.size()) return std::nullopt;
        digits[count++] = *c;
      }
    }
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + count, number);
    if (error != std::errc() || end != digits.data() + count) return std::nullopt;
    return number;
  }

  /// Reads a 0 or 1, which need no space between them.
  std::optional<bool> read_bit() {
    for (auto c = next(); c; c = next()) {
      if (*c == '0' || *c == '1') return *c == '1';
      if (pnm_spaces.find(*c) == pnm_spaces.npos) return std::nullopt;
    }
    return std::nullopt;
  }

  std::string_view rest() const { return rest_; }

 private:
  /// Returns the next character outside of comments.
  std::optional<char> next() {
    while (rest_.starts_with('#')) {
      rest_.remove_prefix(std::min(rest_.find_first_of("\r\n"), rest_.size() - 1) + 1);
    }
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
};

struct PnmHeader {
  char kind = '6';  ///< 1 to 3 are text, 4 to 6 bytes.
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t value_max = 1;

  bool is_bitmap() const { return kind == '1' || kind == '4'; }
  std::size_t samples() const { return kind == '3' || kind == '6' ? 3 : 1; }
};

std::optional<PnmHeader> read_pnm_header(PnmText& text, char kind) {
  PnmHeader header{.kind = kind};
  const auto width = text.read_number();
  const auto height = width ? text.read_number() : std::nullopt;
  if (!height) return std::nullopt;
  header.width = *width;
  header.height = *height;
  if (header.is_bitmap()) return header;
  const auto value_max = text.read_number();
  if (!value_max || *value_max < 1 || *value_max > pnm_value_max) return std::nullopt;
  header.value_max = *value_max;
  return header;
}

/// Returns what each value becomes in 8 bits, rounded as Pillow does.
std::vector<std::uint8_t> scaled_values(std::uint32_t value_max) {
  std::vector<std::uint8_t> scaled(std::size_t{value_max} + 1);
  for (std::size_t value = 0; value < scaled.size(); ++value) {
    const double part = static_cast<double>(value) / value_max;
    scaled[value] = static_cast<std::uint8_t>(std::nearbyint(part * 255));
  }
  return scaled;
}

/// Writes a sample of the image: one byte of a color image, or three equal ones.
std::uint8_t* write_sample(std::uint8_t value, std::size_t samples, std::uint8_t* out) {
  return std::fill_n(out, 3 / samples, value);
}

bool read_text_pixels(const PnmHeader& header, PnmText& text, Image& image) {
  const auto scaled = scaled_values(header.value_max);
  std::uint8_t* out = image.rgb.data();
  const std::uint8_t* const end = out + image.rgb.size();
  while (out != end) {
    if (header.is_bitmap()) {
      const auto bit = text.read_bit();
      if (!bit) return false;
      out = write_sample(*bit ? 0 : 255, 1, out);
    } else {
      const auto value = text.read_number();
      if (!value || *value > header.value_max) return false;
      out = write_sample(scaled[*value], header.samples(), out);
    }
  }
  return true;
}

/// How many bytes the pixels take.
std::size_t pnm_bytes(const PnmHeader& header) {
  const std::size_t width = header.width;
  if (header.is_bitmap()) return (width + 7) / 8 * header.height;
  return width * header.height * header.samples() * (header.value_max > 255 ? 2 : 1);
}

/// `bytes` must hold all pixels.
void copy_pnm_pixels(const PnmHeader& header, std::string_view bytes, Image& image) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  std::uint8_t* out = image.rgb.data();
  if (header.is_bitmap()) {
    const std::size_t row_bytes = (std::size_t{header.width} + 7) / 8;
    for (std::size_t y = 0; y < header.height; ++y) {
      for (std::size_t x = 0; x < header.width; ++x) {
        const bool black = (byte(y * row_bytes + x / 8) >> (7 - x % 8) & 1) != 0;
        out = write_sample(black ? 0 : 255, 1, out);
      }
    }
    return;
  }
  const auto scaled = scaled_values(header.value_max);
  const bool wide = header.value_max > 255;
  const std::size_t count = pnm_bytes(header) / (wide ? 2 : 1);
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned value = wide ? unsigned{byte(2 * i)} << 8 | byte(2 * i + 1) : byte(i);
    out = write_sample(scaled[std::min(value, unsigned{header.value_max})], header.samples(), out);
  }
}

}  // namespace

RawResult decode_pnm(Bytes file, const DecodeLimits& limits) {
  PnmText text({reinterpret_cast<const char*>(file.data()) + 2, file.size() - 2});
  const auto header = read_pnm_header(text, static_cast<char>(file[1]));
  if (!header) return unreadable("The PNM's header is damaged or incomplete.");
  if (auto refusal = check_size(header->width, header->height, limits)) return *refusal;
  const std::size_t samples = std::size_t{header->width} * header->height * header->samples();
  const bool is_text = header->kind <= '3';
  // A number takes at least a digit and, except for bits, a space.
  const std::size_t least = !is_text              ? pnm_bytes(*header)
                            : header->is_bitmap() ? samples
                                                  : 2 * samples - 1;
  if (text.rest().size() < least) return unreadable("The PNM is incomplete.");
  const std::size_t need = std::size_t{3} * header->width * header->height + header->value_max + 1;
  if (need > limits.memory_bytes_max) return too_much_memory(header->width, header->height);

  Image image = make_image(static_cast<int>(header->width), static_cast<int>(header->height));
  if (!is_text) {
    copy_pnm_pixels(*header, text.rest(), image);
  } else if (!read_text_pixels(*header, text, image)) {
    return unreadable("The PNM is damaged or incomplete.");
  }
  return RawImage{std::move(image), {}};
}

}  // namespace samoyed::worker
