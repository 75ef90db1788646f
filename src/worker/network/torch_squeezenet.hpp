#pragma once

#include <memory>
#include <span>
#include <vector>

#include "worker/image/normalize.hpp"
#include "worker/network/model_file.hpp"
#include "worker/network/squeezenet_architecture.hpp"

namespace samoyed::worker {

/// SqueezeNet in LibTorch's own operators, by which Squeezenet checks itself.
///
/// The weights are kept channels_last, the layout in which LibTorch's convolutions become OpenBLAS
/// products without copies.
///
/// Thread rule: immutable once built; `forward` may run on several threads at once.
class TorchSqueezenet {
 public:
  /// `shape` is what recognize_squeezenet says of `file`. Takes the process's OpenBLAS, and on
  /// every thread that calls it LibTorch, to one thread an operation.
  TorchSqueezenet(const ModelFile& file, const SqueezenetShape& shape);
  ~TorchSqueezenet();
  TorchSqueezenet(const TorchSqueezenet&) = delete;
  TorchSqueezenet& operator=(const TorchSqueezenet&) = delete;

  /// The logits, one a class, for one image as `normalize` gives it: 3x224x224 (channel, row,
  /// column). Throws only what LibTorch throws where memory ends.
  std::vector<float> forward(std::span<const float, input_floats> planes) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace samoyed::worker
