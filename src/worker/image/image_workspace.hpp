#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/resize.hpp"

namespace samoyed::worker {

/// The buffers that turn an image file into the network's input. They are kept for the next image,
/// because the kernel provides new ones of this size page by page. For one image at a time.
struct ImageWorkspace {
  /// A larger workspace is not kept, so that a huge image doesn't hold its memory forever. This is
  /// enough for the crop of an image whose short side is 1400 pixels, or 1600 for SqueezeNet.
  static constexpr std::size_t kept_bytes_max = std::size_t{8} << 20;

  /// decode_image decodes into this buffer and returns it with its result.
  std::vector<std::uint8_t> pixels;
  Resizer resizer;
  /// As many floats as the network takes, from its first image on.
  std::vector<float> planes;

  /// Bytes that are held, not counting the planes, which are the same size for every image.
  std::size_t held_bytes() const { return pixels.capacity() + resizer.held_bytes(); }

  bool is_worth_keeping() const { return held_bytes() <= kept_bytes_max; }
};

}  // namespace samoyed::worker
