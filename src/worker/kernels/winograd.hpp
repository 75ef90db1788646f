#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/kernels/winograd_kernels.hpp"

namespace samoyed::worker {

/// A convolution of a WinogradShape, computed by Winograd's minimal filtering F(4x4, 3x3) (Lavin
/// and Gray 2015, arXiv:1509.09308): 36 products for 4x4 outputs instead of 144. It takes half the
/// time of oneDNN 2.6's direct kernels. On large images it takes two thirds of the time of oneDNN's
/// own Winograd, F(2x2, 3x3), which exists for AVX-512 and single images. Results differ from
/// oneDNN's by about 1e-5 of the largest value.
///
///     tiles of 6x6 pixels --transform--> 36 planes --product with 36 weights--> --transform--> 4x4
///
/// Immutable.
class WinogradConvolution {
 public:
  /// `weight` holds outputs x inputs x 3 x 3 floats, row-major. `bias` holds one float per output.
  /// Both are copied.
  WinogradConvolution(const WinogradShape& shape, const float* weight, const float* bias);

  /// Whether the processor and the shape allow this convolution.
  static bool supports(const WinogradShape& shape);

  /// Whether `run` can compute these output channels alone, if channels are stored in blocks of
  /// `block`.
  static bool can_run(std::int64_t block, std::int64_t first_output, std::int64_t outputs);

  /// Size of the scratch memory that `run` needs.
  std::size_t scratch_bytes() const;

  /// Computes `outputs` output channels, beginning with `first_output`, and writes them to
  /// `output`. `scratch` points to scratch_bytes() bytes.
  void run(std::int64_t first_output, std::int64_t outputs, const float* input, float* output,
           float* scratch) const;

 private:
  /// Number of output channels that are computed together.
  std::int64_t channels_at_a_time() const;
  std::int64_t tile_count() const;
  std::int64_t tiles_at_a_time() const;

  WinogradShape shape_;
  const WinogradKernels* kernels_;
  std::vector<WinogradWeights> weights_;  ///< In the order in which multiply_tiles reads them.
  std::vector<float> bias_;
};

}  // namespace samoyed::worker
