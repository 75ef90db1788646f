#include "worker/decoders/tiff_pixels.hpp"

#include <algorithm>
#include <cstring>

#include "worker/decoders/cmyk.hpp"

namespace samoyed::worker {

namespace {

std::uint8_t without_alpha(unsigned color, unsigned alpha) {
  return static_cast<std::uint8_t>(alpha == 0 ? 0 : std::min(255U, color * 255 / alpha));
}

}  // namespace

TiffRowConverter::TiffRowConverter(const TiffLayout& layout, const TiffPalette& palette)
    : layout_(layout),
      palette_(palette),
      samples_(static_cast<std::size_t>(layout.block_width) * layout.samples) {}

bool TiffRowConverter::ready() const {
  return layout_.photometric != PHOTOMETRIC_PALETTE || !palette_.red.empty();
}

/// Writes `count` samples, `step` bytes apart. Samples of less than 8 bits are scaled,
/// except palette indices.
void TiffRowConverter::unpack(const std::uint8_t* row, std::size_t count, std::size_t step,
                              std::uint8_t* out) const {
  switch (layout_.bits) {
    case 8:
      for (std::size_t i = 0; i < count; ++i) out[i * step] = row[i];
      return;
    case 16:  // In this machine's byte order.
      for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t sample = 0;
        std::memcpy(&sample, row + 2 * i, sizeof sample);
        out[i * step] = static_cast<std::uint8_t>(sample >> 8);
      }
      return;
    case 12:  // Two samples in three bytes; here their high 8 bits.
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* const pair = row + i / 2 * 3;
        out[i * step] =
            static_cast<std::uint8_t>(i % 2 == 0 ? pair[0] : pair[1] << 4 | pair[2] >> 4);
      }
      return;
    default: {
      const std::size_t bits = layout_.bits;
      const unsigned mask = (1U << bits) - 1;
      const unsigned scale = layout_.photometric == PHOTOMETRIC_PALETTE ? 1 : 255 / mask;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t shift = 8 - bits - i * bits % 8;
        out[i * step] = static_cast<std::uint8_t>((row[i * bits / 8] >> shift & mask) * scale);
      }
    }
  }
}

void TiffRowConverter::convert(const std::uint8_t* row, std::size_t plane_bytes,
                               std::size_t columns, std::uint8_t* out) {
  const std::size_t samples = layout_.samples;
  if (layout_.planes) {
    for (std::size_t plane = 0; plane < samples; ++plane) {
      unpack(row + plane * plane_bytes, columns, samples, samples_.data() + plane);
    }
  } else {
    unpack(row, columns * samples, 1, samples_.data());
  }
  const unsigned colors = layout_.color_samples();
  const bool divides = layout_.premultiplied && samples > colors && colors != 4;
  for (std::size_t x = 0; x < columns; ++x, out += 3) {
    std::uint8_t* const pixel = samples_.data() + x * samples;
    if (divides) {
      for (unsigned i = 0; i < colors; ++i) pixel[i] = without_alpha(pixel[i], pixel[colors]);
    }
    switch (layout_.photometric) {
      case PHOTOMETRIC_PALETTE:
        out[0] = static_cast<std::uint8_t>(palette_.red[pixel[0]] >> 8);
        out[1] = static_cast<std::uint8_t>(palette_.green[pixel[0]] >> 8);
        out[2] = static_cast<std::uint8_t>(palette_.blue[pixel[0]] >> 8);
        break;
      case PHOTOMETRIC_SEPARATED:
        convert_cmyk(pixel, out);
        break;
      case PHOTOMETRIC_MINISWHITE:
        std::fill_n(out, 3, static_cast<std::uint8_t>(255 - pixel[0]));
        break;
      case PHOTOMETRIC_MINISBLACK:
        std::fill_n(out, 3, pixel[0]);
        break;
      default:
        std::copy_n(pixel, 3, out);
    }
  }
}

}  // namespace samoyed::worker
