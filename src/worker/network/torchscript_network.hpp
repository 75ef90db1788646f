#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/image/image.hpp"
#include "worker/network/network.hpp"
#include "worker/network/precision.hpp"

namespace samoyed::worker {

/// Larger archives are refused before they are read: torchvision's largest, vit_h_14 and
/// regnet_y_128gf, have 2.6 GB.
inline constexpr std::size_t torchscript_bytes_max = std::size_t{3} << 30;

/// Any classifier that is kept as a TorchScript archive, run by LibTorch: it takes a tensor of
/// 1x3xHEIGHTxWIDTH and returns one of 1xCLASSES, or a tuple or list that begins with it.
///
/// Frozen (constants folded, batch norms in the convolutions before them), and its weights kept
/// channels_last, the layout in which LibTorch's convolutions become OpenBLAS products without
/// copies: of plain, frozen and optimize_for_inference'd modules that is the fastest on the whole,
/// and the last of them changed answers of mobilenet_v3_large by 1 %.
///
/// Thread rule: immutable once built; `forward` may run on several threads at once, each of which
/// computes alone.
class TorchScriptNetwork final : public Network {
 public:
  struct Options {
    /// Of the input.
    Size input = {};
    Precision precision = Precision::fp32;
  };

  /// `bytes` is a whole archive, `source` what errors call it. Runs the network once. Throws
  /// std::runtime_error with one line where the archive is damaged or can't be loaded, where it
  /// fails on an input of that size, or returns something else than one row of numbers, or where
  /// this processor doesn't support the precision.
  TorchScriptNetwork(const std::vector<char>& bytes, const std::string& source,
                     const Options& options);
  ~TorchScriptNetwork() override;

  std::string_view name() const override { return "torchscript"; }
  std::size_t class_count() const override { return class_count_; }

  /// Throws std::runtime_error where the network fails on this image alone.
  std::vector<float> forward(std::span<const float> planes,
                             const std::function<bool()>& alone) const override;

 private:
  struct Module;
  std::unique_ptr<Module> module_;
  Options options_;
  std::size_t class_count_ = 0;
};

}  // namespace samoyed::worker
