#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace samoyed::worker {

/// An image in memory: `height` rows of `width` pixels of three bytes, R G B, without padding.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;

  bool operator==(const Image&) const = default;
};

struct Size {
  int width = 0;
  int height = 0;

  bool operator==(const Size&) const = default;
};

/// A rectangle of an image, in pixels.
struct Region {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;

  bool operator==(const Region&) const = default;
};

/// A decoded image as its file stores it, not yet turned upright; perhaps only a part of it.
struct DecodedImage {
  /// Size of the whole image, according to the file.
  Size full = {};
  /// Size of the whole image as it was decoded: smaller if a reduced one was requested.
  Size decoded = {};
  /// How it must be turned to be upright: EXIF's 1..8 (exif.hpp).
  int orientation = 1;
  /// Where in `decoded` the pixels lie.
  int left = 0;
  int top = 0;
  Image pixels = {};
};

/// What one image may cost. Everything is checked before memory or time is spent on it.
struct DecodeLimits {
  /// Longest side. WebP ends at 16383 by itself.
  int side_px_max = 16384;
  /// 64 Mpixel: a 50-Mpixel phone image passes, 16000x16000 does not.
  std::int64_t pixels_max = std::int64_t{64} << 20;
  /// What decoding one image may hold at a time, the file's own bytes not counted. Enough
  /// for every 8-bit image of `pixels_max`; the dearest is a progressive JPEG without chroma
  /// subsampling (9 bytes a pixel: 576 MiB).
  std::size_t memory_bytes_max = std::size_t{768} << 20;
  /// Scans of a JPEG, each of which costs a pass over the image: 20 ms at 4096x4096. Encoders
  /// write at most 18 (libjpeg, progressive CMYK).
  int jpeg_scans_max = 20;
};

}  // namespace samoyed::worker
