#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/crop.hpp"
#include "worker/image/image.hpp"
#include "worker/image/resize_filter.hpp"
#include "worker/image/resize_passes.hpp"

namespace samoyed::worker {

/// torchvision's Resize with one of Pillow's antialiased filters, then CenterCrop, of the upright
/// image: every pixel is the same as theirs.
///
/// Only what the crop needs is computed, so that an image of 1x16384 pixels costs no more than
/// its own size; and only the crop is turned upright, since the filters can as well be turned the
/// way that the image is stored. Keeps its buffers for the next image: one object, one thread.
class Resizer {
 public:
  explicit Resizer(const ResizePasses& passes = best_resize_passes()) : passes_(passes) {}

  /// The upright crop, until the next call. `image` holds at least its crop_region.
  const Image& resize_and_crop(const DecodedImage& image, const CropSpec& crop_spec = {});

  std::size_t held_bytes() const { return between_.capacity() + crop_.rgb.capacity(); }

 private:
  const ResizePasses& passes_;
  ResizeFilter columns_;
  ResizeFilter rows_;
  std::vector<std::uint8_t> between_;  ///< What the first pass made for the second.
  Image crop_;
};

}  // namespace samoyed::worker
