#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "worker/network/model_file.hpp"

namespace samoyed::worker {

/// One layer of SqueezeNet's `features`, after the first convolution.
struct SqueezenetLayer {
  /// Its index in torchvision's `features`, which is part of the names of a fire module's weights.
  int index = 0;
  /// Channels that a fire module squeezes to; 0 for a max pool (3x3, stride 2, rounding up).
  std::int64_t squeezed = 0;
  /// Channels of each of a fire module's two expanding convolutions.
  std::int64_t expanded = 0;
};

/// One version of SqueezeNet (Iandola et al. 2016, arXiv:1602.07360) as torchvision builds it.
struct SqueezenetArchitecture {
  /// torchvision's name for it: `squeezenet1_0` or `squeezenet1_1`.
  std::string_view name;
  /// The first convolution, with stride 2: output channels and kernel size.
  std::int64_t first_channels = 0;
  std::int64_t first_kernel = 0;
  std::vector<SqueezenetLayer> layers;
};

/// A version of SqueezeNet and its number of classes.
struct SqueezenetShape {
  const SqueezenetArchitecture* architecture = nullptr;
  std::int64_t class_count = 0;
};

/// Returns the SqueezeNet that the tensors belong to. The first convolution determines the version,
/// the last one the number of classes. Throws std::runtime_error with a one-line message that names
/// the file if a tensor is missing, unknown or has the wrong shape.
SqueezenetShape recognize_squeezenet(const ModelFile& file);

}  // namespace samoyed::worker
