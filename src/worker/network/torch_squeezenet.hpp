#pragma once

#include <memory>
#include <span>
#include <vector>

#include "worker/image/normalize.hpp"
#include "worker/network/model_file.hpp"
#include "worker/network/squeezenet_architecture.hpp"

namespace samoyed::worker {

/// SqueezeNet built from LibTorch's own operators. Squeezenet checks its results against it.
///
/// The weights are stored channels_last, the layout in which LibTorch computes convolutions as
/// OpenBLAS matrix products without copies.
///
/// Thread rule: immutable once built; `forward` may run on several threads at once.
class TorchSqueezenet {
 public:
  /// `shape` is the result of recognize_squeezenet for `file`. Limits OpenBLAS, in the whole
  /// process, to one thread per operation, and LibTorch on every calling thread.
  TorchSqueezenet(const ModelFile& file, const SqueezenetShape& shape);
  ~TorchSqueezenet();
  TorchSqueezenet(const TorchSqueezenet&) = delete;
  TorchSqueezenet& operator=(const TorchSqueezenet&) = delete;

  /// Returns the logits, one per class, for one image as `normalize` produces it: 3x224x224
  /// (channel, row, column). Throws only what LibTorch throws when memory runs out.
  std::vector<float> forward(std::span<const float, input_floats> planes) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace samoyed::worker
