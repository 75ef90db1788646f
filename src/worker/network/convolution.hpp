#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <string>

#include "worker/network/channel_layout.hpp"
#include "worker/network/model_file.hpp"

namespace samoyed::worker {

/// A convolution of the network with the ReLU that follows each one in SqueezeNet.
struct Convolution {
  std::string name;           ///< In the model file, without `.weight` and `.bias`.
  const ModelTensor* weight;  ///< Output x input channels x rows x columns.
  const ModelTensor* bias;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  bool to_fp32 = false;  ///< Its output is float32 whatever the network computes in.

  std::int64_t outputs() const { return weight->shape[0]; }
  std::int64_t inputs() const { return weight->shape[1]; }
  std::int64_t kernel() const { return weight->shape[2]; }
  /// Of the output, for an input of that side.
  std::int64_t output_side(std::int64_t side) const {
    return (side + 2 * padding - kernel()) / stride + 1;
  }
};

/// What one primitive computes of a convolution. Where the input comes in several ranges of
/// channels, the first primitive begins with the bias, each further one adds to what is in the
/// destination, and the last applies the ReLU.
struct ConvolutionPart {
  ChannelRange inputs;
  ChannelRange outputs;

  bool is_first() const { return inputs.begin == 0; }
  bool is_last(const Convolution& whole) const {
    return inputs.begin + inputs.count == whole.inputs();
  }
};

/// oneDNN's best direct kernel for a part. Layouts that are `any` are chosen by oneDNN. Throws
/// dnnl::error where it has no kernel.
dnnl::convolution_forward::primitive_desc describe_convolution(
    const Convolution& convolution, const ConvolutionPart& part, const dnnl::memory::desc& source,
    const dnnl::memory::desc& destination, const dnnl::engine& engine);

/// The weights of a part in the layout that its kernel wants.
dnnl::memory prepack_weights(const Convolution& convolution, const ConvolutionPart& part,
                             const dnnl::memory::desc& wanted, const dnnl::engine& engine);

/// The bias of a part that is first.
dnnl::memory copy_bias(const Convolution& convolution, const ConvolutionPart& part,
                       const dnnl::engine& engine);

}  // namespace samoyed::worker
