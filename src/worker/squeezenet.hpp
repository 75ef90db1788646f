#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "worker/model_file.hpp"
#include "worker/normalise.hpp"

namespace samoyed::worker {

/// SqueezeNet 1.0 or 1.1, run by LibTorch on the CPU with one thread a forward.
///
/// The weights are kept channels_last, the layout in which LibTorch's convolutions become OpenBLAS
/// products without copies: 7 ms a picture where the default layout and BLAS take 90.
///
/// Thread rule: immutable once built; `forward` may run on several threads at once.
class Squeezenet {
 public:
  /// Throws std::runtime_error with one line where the file is no SqueezeNet. Takes the process's
  /// OpenBLAS and LibTorch to one thread an operation: the cores are better used by several
  /// forwards.
  explicit Squeezenet(const ModelFile& file);
  ~Squeezenet();
  Squeezenet(Squeezenet&&) noexcept;
  Squeezenet& operator=(Squeezenet&&) noexcept;

  /// `squeezenet1_0` or `squeezenet1_1`.
  std::string_view name() const;
  std::size_t class_count() const;

  /// The logits, one a class, for one picture as `normalise` gives it: 3x224x224 (channel, row,
  /// column). Throws only what LibTorch throws where memory ends.
  std::vector<float> forward(std::span<const float, input_floats> planes) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace samoyed::worker
