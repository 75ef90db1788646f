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

/// SqueezeNet 1.0 or 1.1 on the CPU. Reads torch's weights, runs them with the oneDNN that LibTorch
/// is linked with (see ForwardPlan), and checks the results against LibTorch's own operators before
/// first use.
///
/// Thread rule: `forward` may run on several threads at once. The only mutable state is the pool of
/// workspaces and the use of the second thread; both are guarded internally.
class Squeezenet final : public Network {
 public:
  struct Options {
    Precision precision = Precision::fp32;
    /// Forward passes that will run at the same time. If there are two or more, one more thread is
    /// started, which helps a forward pass that has the machine to itself.
    std::size_t threads = 1;
  };

  /// Throws std::runtime_error with a one-line message if the file isn't a SqueezeNet, if this
  /// processor doesn't support the precision, or if oneDNN and LibTorch compute different results.
  explicit Squeezenet(const ModelFile& file) : Squeezenet(file, Options{}) {}
  Squeezenet(const ModelFile& file, const Options& options);
  ~Squeezenet() override;

  /// `squeezenet1_0` or `squeezenet1_1`.
  std::string_view name() const override;
  std::size_t class_count() const override;

  /// Returns the logits, one per class, for one image as `normalize` produces it: 3x224x224
  /// (channel, row, column). Throws only std::bad_alloc or dnnl::error, when memory runs out.
  std::vector<float> forward(std::span<const float, input_floats> planes) const;

  /// The same, but on two threads as long as `alone` returns true (no other image is in flight), if
  /// that is faster on this machine (see ThreadCountTuner). `alone` is called before each step. If
  /// several such calls run at the same time, one of them gets the second thread.
  std::vector<float> forward(std::span<const float> planes,
                             const std::function<bool()>& alone) const override;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace samoyed::worker
