#pragma once

#include <cstddef>

#include "worker/image/crop.hpp"
#include "worker/image/normalize.hpp"

namespace samoyed::worker {

/// How a decoded image becomes the network's input.
struct Preprocessing {
  CropSpec crop_spec = {};
  Normalization normalization = {};

  /// Floats of the network's input: the planes R, G, B.
  std::size_t planes_floats() const {
    return std::size_t{3} * static_cast<std::size_t>(crop_spec.width_px) *
           static_cast<std::size_t>(crop_spec.height_px);
  }
};

}  // namespace samoyed::worker
