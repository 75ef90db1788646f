#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/crop.hpp"
#include "worker/image/image.hpp"
#include "worker/image/resize_filter.hpp"
#include "worker/image/resize_passes.hpp"

namespace samoyed::worker {

/// Applies torchvision's Resize with one of Pillow's antialiased filters, then CenterCrop, to the
/// upright image. Every pixel is the same as theirs.
///
/// Computes only what the crop needs, so that an image of 1x16384 pixels costs no more than its own
/// size. Turns only the crop upright, because the filters can be applied just as well in the way
/// that the image is stored. Keeps its buffers for the next image. Not thread-safe: use from one
/// thread at a time.
class Resizer {
 public:
  explicit Resizer(const ResizePasses& passes = best_resize_passes()) : passes_(passes) {}

  /// Returns the upright crop, which is valid until the next call and as long as `image`. `image`
  /// must contain at least its crop_region, or be that crop already (`is_input`).
  const Image& resize_and_crop(const DecodedImage& image, const CropSpec& crop_spec = {});

  std::size_t held_bytes() const { return between_.capacity() + crop_.rgb.capacity(); }

 private:
  const ResizePasses& passes_;
  ResizeFilter columns_;
  ResizeFilter rows_;
  std::vector<std::uint8_t> between_;  ///< Output of the first pass, input of the second.
  Image crop_;
};

}  // namespace samoyed::worker
