#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "worker/image/normalize.hpp"
#include "worker/network/model_file.hpp"
#include "worker/network/network.hpp"
#include "worker/network/precision.hpp"

namespace samoyed::worker {

/// SqueezeNet 1.0 or 1.1 on the CPU: LibTorch's weights, run by the oneDNN that LibTorch is linked
/// with (see ForwardPlan), and checked against LibTorch's own operators before it is used.
///
/// Thread rule: `forward` may run on several threads at once. Only the pool of workspaces and the
/// use of the second thread change, each guarded inside.
class Squeezenet final : public Network {
 public:
  struct Options {
    Precision precision = Precision::fp32;
    /// Forwards that will run at the same time. From two on there is one thread more, for a forward
    /// that has the machine to itself.
    std::size_t threads = 1;
  };

  /// Throws std::runtime_error with one line if the file is no SqueezeNet, if this processor
  /// doesn't support the precision, or if oneDNN and LibTorch compute different answers.
  explicit Squeezenet(const ModelFile& file) : Squeezenet(file, Options{}) {}
  Squeezenet(const ModelFile& file, const Options& options);
  ~Squeezenet() override;

  /// `squeezenet1_0` or `squeezenet1_1`.
  std::string_view name() const override;
  std::size_t class_count() const override;

  /// The logits, one a class, for one image as `normalize` gives it: 3x224x224 (channel, row,
  /// column). Throws only std::bad_alloc or dnnl::error, when memory runs out.
  std::vector<float> forward(std::span<const float, input_floats> planes) const;

  /// The same on two threads for as long as `alone` returns that no other image is in flight, if
  /// that is faster on this machine (see ThreadCountTuner). `alone` is called before each step. Of
  /// several such forwards at the same time one gets the second thread.
  std::vector<float> forward(std::span<const float> planes,
                             const std::function<bool()>& alone) const override;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace samoyed::worker
