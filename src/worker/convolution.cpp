#include "worker/convolution.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>

namespace samoyed::worker {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Described = dnnl::convolution_forward::primitive_desc;

/// Of a kernel on trial. The fastest run counts: others are slower by what else the machine does.
constexpr int trial_runs = 5;

dnnl::primitive_attr attributes(const Convolution& convolution, const ConvolutionPart& part) {
  dnnl::primitive_attr attributes;
  // Otherwise the primitive would keep a scratchpad of its own, which no two threads may use.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  if (!part.is_first()) after.append_sum(1.0F);
  if (part.is_last(convolution)) {
    after.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
  }
  attributes.set_post_ops(after);
  return attributes;
}

/// Milliseconds of a kernel on zeros.
double time_of(const Described& described, const dnnl::engine& engine) {
  dnnl::stream stream(engine);
  const dnnl::convolution_forward primitive(described);
  std::unordered_map<int, memory> arguments;
  const std::pair<int, memory::desc> operands[] = {
      {DNNL_ARG_SRC, described.src_desc()},
      {DNNL_ARG_WEIGHTS, described.weights_desc()},
      {DNNL_ARG_BIAS, described.bias_desc()},
      {DNNL_ARG_DST, described.dst_desc()},
      {DNNL_ARG_SCRATCHPAD, described.scratchpad_desc()}};
  for (const auto& [argument, desc] : operands) {
    if (desc.get_size() == 0) continue;
    const memory zeros(desc, engine);
    std::fill_n(static_cast<std::byte*>(zeros.get_data_handle()), desc.get_size(), std::byte{0});
    arguments.emplace(argument, zeros);
  }
  std::chrono::duration<double, std::milli> fastest = std::chrono::hours(1);
  for (int run = 0; run < trial_runs; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    primitive.execute(stream, arguments);
    fastest = std::min<decltype(fastest)>(fastest, std::chrono::steady_clock::now() - begin);
  }
  return fastest.count();
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
  const auto describe = [&](algorithm how) {
    return Described({dnnl::prop_kind::forward_inference, how, source, weights, bias, destination,
                      strides, padding, padding},
                     attributes(convolution, part), engine);
  };
  const Described direct = describe(algorithm::convolution_direct);
  if (convolution.kernel() != 3 || convolution.stride != 1 ||
      source.data_type() != memory::data_type::f32) {
    return direct;
  }
  std::optional<Described> winograd;
  try {
    winograd = describe(algorithm::convolution_winograd);
  } catch (const dnnl::error&) {
    return direct;  // Most processors' kernels have no Winograd: oneDNN says so by an exception.
  }
  return time_of(*winograd, engine) < time_of(direct, engine) ? *winograd : direct;
}

memory prepack_weights(const Convolution& convolution, const ConvolutionPart& part,
                       const memory::desc& wanted, const dnnl::engine& engine) {
  const std::int64_t sides = convolution.kernel() * convolution.kernel();
  const std::int64_t row = convolution.inputs() * sides;
  const memory::desc in_file(wanted.dims(), memory::data_type::f32,
                             memory::dims{row, sides, convolution.kernel(), 1});
  const float* const begin =
      convolution.weight->values.data() + part.outputs.begin * row + part.inputs.begin * sides;
  // oneDNN's memory wants a mutable pointer, though a reorder only reads its source.
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
