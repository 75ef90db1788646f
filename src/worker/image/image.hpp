#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "samoyed/protocol/image_formats.hpp"

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

/// A decoded image as its file stores it, not yet turned upright. It may be only a part of the
/// image.
struct DecodedImage {
  /// Size of the whole image, according to the file.
  Size full = {};
  /// Size of the whole image as it was decoded. It is smaller if a reduced one was requested.
  Size decoded = {};
  /// How the image must be turned to be upright: EXIF's 1..8 (exif.hpp).
  int orientation = 1;
  /// Where the pixels lie in the decoded image.
  int left = 0;
  int top = 0;
  Image pixels = {};
  /// Whether the pixels are the network's input already: the crop, resized and upright.
  bool is_input = false;
  /// Whether the file ends before its last pixel. The missing pixels are gray (gray_level).
  bool truncated = false;
};

/// What stands in each channel of a pixel that a truncated file doesn't contain. libjpeg fills
/// missing blocks with the same value.
inline constexpr std::uint8_t gray_level = 128;

/// Limits on what one image may cost. Everything is checked before memory or time is spent on it.
struct DecodeLimits {
  /// Longest side. The default allows every size that a JPEG may have; WebP itself allows at most
  /// 16383.
  int side_px_max = 65535;
  /// 64 Mpixel: this allows a 50-megapixel phone image, but not 16000x16000.
  std::int64_t pixels_max = std::int64_t{64} << 20;
  /// Memory that decoding one image may hold at a time, not counting the file's own bytes. This is
  /// enough for every 8-bit image of `pixels_max`; the most expensive is a progressive JPEG without
  /// chroma subsampling (9 bytes per pixel: 576 MiB).
  std::size_t memory_bytes_max = std::size_t{768} << 20;
  /// CPU time that decoding one image may take on its thread. An honest JPEG or PNG of `pixels_max`
  /// takes less on one core of a current server.
  std::chrono::milliseconds cpu_max{2000};
  /// The formats that are read. Those that the build leaves out don't count.
  protocol::ImageFormatSet formats = protocol::all_image_formats;
};

}  // namespace samoyed::worker
