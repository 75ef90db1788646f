#include "worker/network/convolution.hpp"

#include <algorithm>
#include <cstddef>

namespace samoyed::worker {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Described = dnnl::convolution_forward::primitive_desc;

dnnl::primitive_attr attributes(const Convolution& convolution, const ConvolutionPart& part) {
  dnnl::primitive_attr attributes;
  // By default the primitive keeps a scratchpad of its own, which two threads must not use at once.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  if (!part.is_first()) after.append_sum(1.0F);
  if (part.is_last(convolution)) {
    after.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
  }
  attributes.set_post_ops(after);
  return attributes;
}

}  // namespace

Described describe_convolution(const Convolution& convolution, const ConvolutionPart& part,
                               const memory::desc& source, const memory::desc& destination,
                               const dnnl::engine& engine) {
  using Dims = memory::dims;
  using Tag = memory::format_tag;
  const Dims sides{convolution.kernel(), convolution.kernel()};
  const Dims strides{convolution.stride, convolution.stride};
  const Dims padding{convolution.padding, convolution.padding};
  const memory::desc weights({part.outputs.count, part.inputs.count, sides[0], sides[1]},
                             source.data_type(), Tag::any);
  const memory::desc bias = part.is_first()
                                ? memory::desc({part.outputs.count}, memory::data_type::f32, Tag::x)
                                : memory::desc();
  return Described({dnnl::prop_kind::forward_inference, algorithm::convolution_direct, source,
                    weights, bias, destination, strides, padding, padding},
                   attributes(convolution, part), engine);
}

memory prepack_weights(const Convolution& convolution, const ConvolutionPart& part,
                       const memory::desc& wanted, const dnnl::engine& engine) {
  const std::int64_t sides = convolution.kernel() * convolution.kernel();
  const std::int64_t row = convolution.inputs() * sides;
  const memory::desc in_file(wanted.dims(), memory::data_type::f32,
                             memory::dims{row, sides, convolution.kernel(), 1});
  const float* const begin =
      convolution.weight->values.data() + part.outputs.begin * row + part.inputs.begin * sides;
  // oneDNN's memory takes a mutable pointer, although a reorder only reads its source.
  memory source(in_file, engine, const_cast<float*>(begin));
  memory packed(wanted, engine);
  dnnl::stream stream(engine);
  dnnl::reorder(source, packed).execute(stream, source, packed);
  return packed;
}

memory copy_bias(const Convolution& convolution, const ConvolutionPart& part,
                 const dnnl::engine& engine) {
  memory bias({{part.outputs.count}, memory::data_type::f32, memory::format_tag::x}, engine);
  std::copy_n(convolution.bias->values.begin() + part.outputs.begin, part.outputs.count,
              static_cast<float*>(bias.get_data_handle()));
  return bias;
}

}  // namespace samoyed::worker
