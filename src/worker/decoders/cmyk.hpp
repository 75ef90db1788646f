#pragma once

#include <cstdint>

namespace samoyed::worker {

/// Writes the color of four inks (0 is none, 255 is full) to `rgb`, as Pillow does without a
/// profile: black darkens each of the others.
inline void convert_cmyk(const std::uint8_t* cmyk, std::uint8_t* rgb) {
  const unsigned white = 255U - cmyk[3];
  for (int i = 0; i < 3; ++i) {
    // Pillow's way to divide by 255.
    const unsigned product = cmyk[i] * white + 128;
    rgb[i] = static_cast<std::uint8_t>(white - (((product >> 8) + product) >> 8));
  }
}

}  // namespace samoyed::worker
