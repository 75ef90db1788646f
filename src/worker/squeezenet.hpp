#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "worker/model_file.hpp"
#include "worker/normalise.hpp"
#include "worker/precision.hpp"

namespace samoyed::worker {

/// SqueezeNet 1.0 or 1.1 on the CPU: LibTorch's weights, run by the oneDNN that LibTorch is linked
/// with (see ForwardPlan), and checked against LibTorch's own operators before it is used.
///
/// Thread rule: immutable but for its spare workspaces, which a mutex guards for a few instructions;
/// `forward` may run on several threads at once, and each uses one thread.
class Squeezenet {
 public:
  /// Throws std::runtime_error with one line where the file is no SqueezeNet, where this processor
  /// doesn't support the precision, or where the two ways of computing disagree.
  explicit Squeezenet(const ModelFile& file, Precision precision = Precision::fp32);
  ~Squeezenet();
  Squeezenet(Squeezenet&&) noexcept;
  Squeezenet& operator=(Squeezenet&&) noexcept;

  /// `squeezenet1_0` or `squeezenet1_1`.
  std::string_view name() const;
  std::size_t class_count() const;

  /// The logits, one a class, for one picture as `normalise` gives it: 3x224x224 (channel, row,
  /// column). Throws only std::bad_alloc or dnnl::error, where memory ends.
  std::vector<float> forward(std::span<const float, input_floats> planes) const;

 private:
  class Network;
  std::unique_ptr<Network> network_;
};

}  // namespace samoyed::worker
