#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/image/image.hpp"
#include "worker/network/network.hpp"
#include "worker/network/precision.hpp"

namespace samoyed::worker {

/// Larger archives are rejected before they are read. torchvision's largest, vit_h_14 and
/// regnet_y_128gf, have 2.6 GB.
inline constexpr std::size_t torchscript_bytes_max = std::size_t{3} << 30;

/// Any classifier in a TorchScript archive, run by LibTorch. It takes a tensor of 1x3xHEIGHTxWIDTH
/// and returns a tensor of 1xCLASSES, or a tuple or list that begins with one.
///
/// The module is frozen (constants folded, batch norms merged into the convolutions before them).
/// Its weights are stored channels_last, the layout in which LibTorch computes convolutions as
/// OpenBLAS matrix products without copies. Compared with a plain module and with
/// optimize_for_inference, this is the fastest overall; optimize_for_inference also changed the
/// results of mobilenet_v3_large by 1 %.
///
/// Thread rule: immutable once built. `forward` may run on several threads at once; each call
/// computes on its own thread only.
class TorchScriptNetwork final : public Network {
 public:
  struct Options {
    Size input = {};  ///< Size of the input image in pixels.
    Precision precision = Precision::fp32;
  };

  /// `bytes` is a whole archive; `source` is its name in errors. Runs the network once. Throws
  /// std::runtime_error with a one-line message if the archive is damaged or can't be loaded, if
  /// the network fails on an input of that size or doesn't return a single row of numbers, or if
  /// this processor doesn't support the precision.
  TorchScriptNetwork(const std::vector<char>& bytes, const std::string& source,
                     const Options& options);
  ~TorchScriptNetwork() override;

  std::string_view name() const override { return "torchscript"; }
  std::size_t class_count() const override { return class_count_; }

  /// Throws std::runtime_error if the network fails on this image.
  std::vector<float> forward(std::span<const float> planes,
                             const std::function<bool()>& alone) const override;

 private:
  struct Module;
  std::unique_ptr<Module> module_;
  Options options_;
  std::size_t class_count_ = 0;
};

}  // namespace samoyed::worker
