#pragma once

#include <cstddef>

#include "worker/image/crop.hpp"
#include "worker/image/normalize.hpp"

namespace samoyed::worker {

/// What happens to a picture between its file and the network.
struct Preparation {
  Framing framing = {};
  Normalisation normalisation = {};

  /// Floats of the network's input: the planes R, G, B.
  std::size_t planes_floats() const {
    return std::size_t{3} * static_cast<std::size_t>(framing.width_px) *
           static_cast<std::size_t>(framing.height_px);
  }
};

}  // namespace samoyed::worker
