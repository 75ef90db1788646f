#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace samoyed::worker {

/// A convolution of 3x3 pixels with stride 1 and one pixel of padding, and the ReLU after it, of one
/// picture whose channels are kept in blocks (oneDNN's nChw8c or nChw16c).
struct WinogradShape {
  std::int64_t block;    ///< Channels in a block: 8, or 16 for AVX-512.
  std::int64_t inputs;   ///< Channels, a multiple of the block.
  std::int64_t outputs;  ///< Channels, a multiple of two blocks.
  std::int64_t rows;     ///< Of the input and of the output.
  std::int64_t columns;
};

struct WinogradKernels;

/// Such a convolution by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2015,
/// arXiv:1509.09308): 36 products for 4x4 outputs in place of 144. It takes half of the time of oneDNN
/// 2.6's direct kernels, and on large pictures two thirds of its own Winograd's, which is F(2x2, 3x3)
/// and for AVX-512 only. Results differ from theirs by about 1e-5 of the largest.
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
  std::vector<float> weights_;  ///< In the order in which multiply_tiles reads them.
  std::vector<float> bias_;
};

}  // namespace samoyed::worker
