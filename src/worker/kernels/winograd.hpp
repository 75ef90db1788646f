#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/kernels/winograd_kernels.hpp"

namespace samoyed::worker {

/// Such a convolution by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2015,
/// arXiv:1509.09308): 36 products for 4x4 outputs in place of 144. It takes half of the time of
/// oneDNN 2.6's direct kernels, and on large images two thirds of the Winograd that oneDNN has for
/// AVX-512 and one image, F(2x2, 3x3). Results differ from theirs by about 1e-5 of the largest.
///
///     tiles of 6x6 pixels --transform--> 36 planes --product with 36 weights--> --transform--> 4x4
///
/// Immutable.
class WinogradConvolution {
 public:
  /// `weight` is outputs x inputs x 3 x 3, row-major; `bias` one an output. Both are copied.
  WinogradConvolution(const WinogradShape& shape, const float* weight, const float* bias);

  /// Whether the processor and the shape allow it.
  static bool supports(const WinogradShape& shape);

  /// Whether `run` can compute these output channels alone, with channels in such blocks.
  static bool can_run(std::int64_t block, std::int64_t first_output, std::int64_t outputs);

  /// What `run` needs of memory for itself.
  std::size_t scratch_bytes() const;

  /// Computes so many output channels from `first_output` on, and writes them from `output` on.
  void run(std::int64_t first_output, std::int64_t outputs, const float* input, float* output,
           float* scratch) const;

 private:
  /// Output channels that are computed together.
  std::int64_t channels_at_a_time() const;
  std::int64_t tile_count() const;
  std::int64_t tiles_at_a_time() const;

  WinogradShape shape_;
  const WinogradKernels* kernels_;
  std::vector<WinogradWeights> weights_;  ///< In the order in which multiply_tiles reads them.
  std::vector<float> bias_;
};

}  // namespace samoyed::worker
