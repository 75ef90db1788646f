#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "worker/network/model_file.hpp"

namespace samoyed::worker {

/// One layer of SqueezeNet's `features`, after the first convolution.
struct SqueezenetLayer {
  /// Its index in torchvision's `features`: a fire module's weights are called after it.
  int index = 0;
  /// Channels that a fire module squeezes to; 0 for a max pool (3x3, stride 2, rounding up).
  std::int64_t squeezed = 0;
  /// Channels of each of a fire module's two expanding convolutions.
  std::int64_t expanded = 0;
};

/// One version of SqueezeNet (Iandola et al. 2016, arXiv:1602.07360) as torchvision builds it.
struct SqueezenetArchitecture {
  /// As torchvision calls it: `squeezenet1_0` or `squeezenet1_1`.
  std::string_view name;
  /// The first convolution, with stride 2: output channels and kernel size.
  std::int64_t first_channels = 0;
  std::int64_t first_kernel = 0;
  std::vector<SqueezenetLayer> layers;
};

/// A version and the number of its classes.
struct SqueezenetShape {
  const SqueezenetArchitecture* architecture = nullptr;
  std::int64_t class_count = 0;
};

/// Which SqueezeNet the tensors are for: the version from the first convolution, the number of
/// classes from the last. Throws std::runtime_error with one line that names the file where a
/// tensor is missing, superfluous or of another shape.
SqueezenetShape recognize_squeezenet(const ModelFile& file);

}  // namespace samoyed::worker
