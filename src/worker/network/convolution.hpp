#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <string>

#include "worker/network/channel_layout.hpp"
#include "worker/network/model_file.hpp"

namespace samoyed::worker {

/// A convolution of the network, including the ReLU that follows every convolution in SqueezeNet.
struct Convolution {
  std::string name;           ///< As in the model file, without `.weight` and `.bias`.
  const ModelTensor* weight;  ///< Output channels x input channels x rows x columns.
  const ModelTensor* bias;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  bool to_fp32 = false;  ///< The output is float32 regardless of the network's precision.

  std::int64_t outputs() const { return weight->shape[0]; }
  std::int64_t inputs() const { return weight->shape[1]; }
  std::int64_t kernel() const { return weight->shape[2]; }
  /// Side of the output in pixels, for an input with this side.
  std::int64_t output_side(std::int64_t side) const {
    return (side + 2 * padding - kernel()) / stride + 1;
  }
};

/// The part of a convolution that one primitive computes. If the input consists of several ranges
/// of channels, the first primitive starts from the bias, each further one adds to the destination,
/// and the last one applies the ReLU.
struct ConvolutionPart {
  ChannelRange inputs;
  ChannelRange outputs;

  bool is_first() const { return inputs.begin == 0; }
  bool is_last(const Convolution& whole) const {
    return inputs.begin + inputs.count == whole.inputs();
  }
};

/// Returns oneDNN's best direct kernel for a part. oneDNN chooses the layouts that are `any`.
/// Throws dnnl::error if it has no kernel.
dnnl::convolution_forward::primitive_desc describe_convolution(
    const Convolution& convolution, const ConvolutionPart& part, const dnnl::memory::desc& source,
    const dnnl::memory::desc& destination, const dnnl::engine& engine);

/// Returns the weights of a part in the layout that its kernel requires.
dnnl::memory prepack_weights(const Convolution& convolution, const ConvolutionPart& part,
                             const dnnl::memory::desc& wanted, const dnnl::engine& engine);

/// Returns the bias of a part. The part must be the first one of its convolution.
dnnl::memory copy_bias(const Convolution& convolution, const ConvolutionPart& part,
                       const dnnl::engine& engine);

}  // namespace samoyed::worker
