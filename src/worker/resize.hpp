#pragma once

#include "worker/image.hpp"

namespace samoyed::worker {

/// The short side after torchvision's Resize(256).
inline constexpr int resized_short_side_px = 256;
/// The side of the square that torchvision's CenterCrop(224) takes, and of the network's input.
inline constexpr int input_side_px = 224;

/// torchvision's Resize(256) with Pillow's antialiased bilinear filter, then CenterCrop(224): every
/// pixel is the same as theirs. Only what the square needs is computed, so that a picture of
/// 1x16384 pixels costs no more than its own size. `image` has at least one pixel; the result is
/// 224x224.
Image resize_and_crop(const Image& image);

}  // namespace samoyed::worker
