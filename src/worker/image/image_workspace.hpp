#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/resize.hpp"

namespace samoyed::worker {

/// The buffers on the way from an image file to the network's input, kept for the next image: fresh
/// ones of this size come from the kernel page by page. One image at a time.
struct ImageWorkspace {
  /// Beyond this a workspace is not kept: a huge image must not hold its memory forever. The
  /// crop of an image whose short side is 1400 fits, for SqueezeNet of 1600.
  static constexpr std::size_t kept_bytes_max = std::size_t{8} << 20;

  /// decode_image decodes into it and returns it with its result.
  std::vector<std::uint8_t> pixels;
  Resizer resizer;
  /// As many as the network takes, from its first image on.
  std::vector<float> planes;

  /// The planes not counted, which are the same for every image.
  std::size_t held_bytes() const { return pixels.capacity() + resizer.held_bytes(); }

  bool is_worth_keeping() const { return held_bytes() <= kept_bytes_max; }
};

}  // namespace samoyed::worker
