#pragma once

#include <cstddef>
#include <span>

#include "worker/image.hpp"
#include "worker/resize.hpp"

namespace samoyed::worker {

/// Floats of the network's input: the planes R, G, B of 224 rows of 224.
inline constexpr std::size_t input_floats = std::size_t{3} * input_side_px * input_side_px;

/// torchvision's ToTensor and Normalize with ImageNet's mean (0.485 0.456 0.406) and standard
/// deviation (0.229 0.224 0.225), in float32 and to the last bit. `image` is 224x224 (see
/// resize_and_crop).
void normalise(const Image& image, std::span<float, input_floats> planes);

}  // namespace samoyed::worker
