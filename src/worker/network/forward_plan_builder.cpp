#include "worker/network/forward_plan_builder.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "worker/kernels/max_pool.hpp"
#include "worker/kernels/simd.hpp"
#include "worker/kernels/winograd.hpp"
#include "worker/network/onednn_isa.hpp"

namespace samoyed::worker {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;

constexpr memory::data_type fp32 = memory::data_type::f32;

/// SqueezeNet's max pools round their output size up, so the last window may extend beyond the end
/// of the input.
constexpr std::int64_t pool_side = 3;
constexpr std::int64_t pool_stride = 2;
constexpr std::int64_t pooled_side(std::int64_t side) {
  return (side - pool_side + pool_stride - 1) / pool_stride + 1;
}
constexpr std::int64_t pool_padding(std::int64_t side) {
  return (pooled_side(side) - 1) * pool_stride + pool_side - side;
}

/// By default oneDNN 2.6 stores channels innermost on processors with AVX-512. Then neither its
/// Winograd kernels nor ours can be used, and each concatenation stays two tensors. For bf16 that
/// default is the right choice.
Tag layout_of(const ForwardPlan::Options& options) {
  if (options.layout) return *options.layout;
  const bool in_blocks =
      options.precision == Precision::fp32 && onednn_may_use(dnnl::cpu_isa::avx512_core);
  return in_blocks ? Tag::nChw16c : Tag::any;
}

dnnl::pooling_forward::primitive_desc describe_pool(const memory::desc& source,
                                                    const memory::desc& destination,
                                                    const dnnl::engine& engine) {
  const Dims padding{pool_padding(source.dims()[2]), pool_padding(source.dims()[3])};
  return {{dnnl::prop_kind::forward_inference,
           algorithm::pooling_max,
           source,
           destination,
           {pool_stride, pool_stride},
           {pool_side, pool_side},
           {0, 0},
           padding},
          engine};
}

}  // namespace

ForwardPlanBuilder::ForwardPlanBuilder(ForwardPlan& plan, const ModelFile& file,
                                       const ForwardPlan::Options& options,
                                       WinogradByLayer& winograd)
    : plan_(plan),
      file_(file),
      options_(options),
      type_(options.precision == Precision::bf16 ? memory::data_type::bf16 : fp32),
      layout_(layout_of(options)),
      winograd_(winograd) {}

void ForwardPlanBuilder::build(const SqueezenetArchitecture& architecture) {
  const Convolution first = convolution("features.0", /*stride=*/2);
  Features features = convolve({reorder_input(first)}, first, Slot::features_even);
  Slot next = Slot::features_odd;
  for (const SqueezenetLayer& layer : architecture.layers) {
    features = layer.squeezed == 0
                   ? pool(features, next)
                   : fire(features, "features." + std::to_string(layer.index), next);
    next = next == Slot::features_odd ? Slot::features_even : Slot::features_odd;
  }
  // torchvision has a dropout before the classifier, which does nothing outside training.
  Convolution classifier = convolution("classifier.1");
  classifier.to_fp32 = true;
  average(convolve(features, classifier, next).front());
}

Convolution ForwardPlanBuilder::convolution(const std::string& name, std::int64_t stride,
                                            std::int64_t padding) const {
  return {name, &file_.tensors.at(name + ".weight"), &file_.tensors.at(name + ".bias"), stride,
          padding};
}

/// Returns the image in the layout and precision that the first convolution requires.
ForwardPlanBuilder::Tensor ForwardPlanBuilder::reorder_input(const Convolution& first) {
  const Dims dims{1, first.inputs(), input_side_px, input_side_px};
  const Tensor planes{memory::desc(dims, fp32, Tag::nchw), Slot::input, 0};
  const std::int64_t side = first.output_side(input_side_px);
  const auto described = describe_convolution(
      first, {{0, first.inputs()}, {0, first.outputs()}}, memory::desc(dims, type_, Tag::any),
      memory::desc({1, first.outputs(), side, side}, type_, layout_), plan_.engine_);
  if (described.src_desc() == planes.desc) return planes;

  const Tensor reordered{described.src_desc(), Slot::squeezed, 0};
  reserve(reordered);
  const dnnl::reorder::primitive_desc reorder(plan_.engine_, planes.desc, plan_.engine_,
                                              reordered.desc);
  append({{Task{.name = std::string("input ") + reorder.impl_info_str(),
                .kernel = dnnl::reorder(reorder),
                .constants = {},
                .operands = {planes.as(DNNL_ARG_FROM), reordered.as(DNNL_ARG_TO)}}}});
  return reordered;
}

ForwardPlanBuilder::Features ForwardPlanBuilder::convolve(const Features& input,
                                                          const Convolution& convolution,
                                                          Slot slot) {
  const Tensor output = make_output(input, convolution, slot, 0);
  std::vector<Step> steps;
  add_tasks(steps, input, convolution, output);
  append(std::move(steps));
  return {output};
}

ForwardPlanBuilder::Features ForwardPlanBuilder::fire(const Features& input,
                                                      const std::string& name, Slot slot) {
  const Features squeezed = convolve(input, convolution(name + ".squeeze"), Slot::squeezed);
  const Convolution by_1x1 = convolution(name + ".expand1x1");
  const Convolution by_3x3 = convolution(name + ".expand3x3", /*stride=*/1, /*padding=*/1);
  const Tensor first = make_output(squeezed, by_1x1, slot, 0);
  const Tensor second = make_output(squeezed, by_3x3, slot, first.end_bytes());
  std::vector<Step> steps;
  // The longer tasks come first, so that threads sharing the step finish at nearly the same time.
  add_tasks(steps, squeezed, by_3x3, second);
  add_tasks(steps, squeezed, by_1x1, first);
  append(std::move(steps));
  if (const auto whole = concatenated(first.desc, second.desc)) return {{*whole, slot, 0}};
  return {first, second};
}

ForwardPlanBuilder::Features ForwardPlanBuilder::pool(const Features& input, Slot slot) {
  Features output;
  Step step;
  for (const Tensor& tensor : input) {
    const Dims dims = tensor.desc.dims();
    const memory::desc any({1, dims[1], pooled_side(dims[2]), pooled_side(dims[3])}, type_,
                           Tag::any);
    const Tensor pooled{describe_pool(tensor.desc, any, plan_.engine_).dst_desc(), slot,
                        output.empty() ? 0 : output.back().end_bytes()};
    for (const ChannelRange& range : ChannelLayout(pooled.desc).split(options_.ways)) {
      const Tensor source = cut(tensor, range);
      const Tensor destination = cut(pooled, range);
      step.push_back(make_pool_task(source, destination));
    }
    reserve(pooled);
    output.push_back(pooled);
  }
  append({std::move(step)});
  return output;
}

ForwardPlan::Task ForwardPlanBuilder::make_pool_task(const Tensor& source,
                                                     const Tensor& destination) {
  const Dims from = source.desc.dims();
  const Dims to = destination.desc.dims();
  const std::int64_t block = ChannelLayout(source.desc).block();
  Task task{.name = "pool own:avx2",
            .kernel = {},
            .constants = {},
            .operands = {source.as(DNNL_ARG_SRC), destination.as(DNNL_ARG_DST)}};
  if (has_avx2() && type_ == fp32 && (block == 8 || block == 16) && from[1] % block == 0) {
    const MaxPool pool{from[1], block, from[2], from[3], to[2], to[3]};
    task.kernel = [pool](const float* input, float* output, float*) {
      max_pool(pool, input, output);
    };
  } else {
    const auto described = describe_pool(source.desc, destination.desc, plan_.engine_);
    task.name = std::string("pool ") + described.impl_info_str();
    task.kernel = dnnl::pooling_forward(described);
  }
  return task;
}

void ForwardPlanBuilder::average(const Tensor& input) {
  const Dims dims = input.desc.dims();
  const dnnl::pooling_forward::primitive_desc described(
      {dnnl::prop_kind::forward_inference,
       algorithm::pooling_avg_exclude_padding,
       input.desc,
       memory::desc({1, dims[1], 1, 1}, fp32, Tag::any),
       {1, 1},
       {dims[2], dims[3]},
       {0, 0},
       {0, 0}},
      plan_.engine_);
  const Tensor logits{described.dst_desc(), Slot::logits, 0};
  reserve(logits);
  append({{Task{.name = std::string("mean ") + described.impl_info_str(),
                .kernel = dnnl::pooling_forward(described),
                .constants = {},
                .operands = {input.as(DNNL_ARG_SRC), logits.as(DNNL_ARG_DST)}}}});
}

ForwardPlanBuilder::Tensor ForwardPlanBuilder::make_output(const Features& input,
                                                           const Convolution& convolution,
                                                           Slot slot, std::size_t offset_bytes) {
  const memory::desc& source = input.front().desc;
  const std::int64_t rows = convolution.output_side(source.dims()[2]);
  const std::int64_t columns = convolution.output_side(source.dims()[3]);
  const memory::desc wanted({1, convolution.outputs(), rows, columns},
                            convolution.to_fp32 ? fp32 : type_, layout_);
  const ConvolutionPart part{{0, source.dims()[1]}, {0, convolution.outputs()}};
  const Tensor output{
      describe_convolution(convolution, part, source, wanted, plan_.engine_).dst_desc(), slot,
      offset_bytes};
  reserve(output);
  return output;
}

ForwardPlanBuilder::Tensor ForwardPlanBuilder::cut(const Tensor& tensor,
                                                   const ChannelRange& range) const {
  if (range.count == tensor.desc.dims()[1]) return tensor;
  const ChannelLayout layout(tensor.desc);
  return {layout.with_channels(range.count), tensor.slot,
          tensor.offset_bytes + layout.offset_bytes(range.begin)};
}

void ForwardPlanBuilder::add_tasks(std::vector<Step>& steps, const Features& input,
                                   const Convolution& convolution, const Tensor& output) {
  steps.resize(std::max(steps.size(), input.size()));
  ChannelRange inputs{0, 0};
  for (std::size_t i = 0; i < input.size(); ++i) {
    inputs = {inputs.begin + inputs.count, input[i].desc.dims()[1]};
    for (const ChannelRange& outputs : ChannelLayout(output.desc).split(options_.ways)) {
      steps[i].push_back(make_task(input[i], convolution, {inputs, outputs}, cut(output, outputs)));
    }
  }
}

ForwardPlan::Task ForwardPlanBuilder::make_task(const Tensor& source,
                                                const Convolution& convolution,
                                                const ConvolutionPart& part,
                                                const Tensor& destination) {
  if (auto task = make_winograd_task(source, convolution, part, destination)) return *task;
  const auto described =
      describe_convolution(convolution, part, source.desc, destination.desc, plan_.engine_);
  Task task{.name = convolution.name + " " + described.impl_info_str(),
            .kernel = dnnl::convolution_forward(described),
            .constants = {},
            .operands = {source.as(DNNL_ARG_SRC), destination.as(DNNL_ARG_DST)}};
  task.constants.emplace_back(
      DNNL_ARG_WEIGHTS,
      prepack_weights(convolution, part, described.weights_desc(), plan_.engine_));
  if (part.is_first()) {
    task.constants.emplace_back(DNNL_ARG_BIAS, copy_bias(convolution, part, plan_.engine_));
  }
  if (const memory::desc scratch = described.scratchpad_desc(); scratch.get_size() > 0) {
    task.operands.push_back({DNNL_ARG_SCRATCHPAD, scratch, Slot::scratch, 0});
  }
  return task;
}

/// Returns `std::nullopt` if our Winograd kernels can't compute the part.
std::optional<ForwardPlan::Task> ForwardPlanBuilder::make_winograd_task(
    const Tensor& source, const Convolution& convolution, const ConvolutionPart& part,
    const Tensor& destination) {
  const WinogradShape shape{ChannelLayout(source.desc).block(), convolution.inputs(),
                            convolution.outputs(), source.desc.dims()[2], source.desc.dims()[3]};
  const bool fits =
      type_ == fp32 && convolution.kernel() == 3 && convolution.stride == 1 &&
      convolution.padding == 1 && part.inputs.count == convolution.inputs() &&
      ChannelLayout(destination.desc).block() == shape.block &&
      WinogradConvolution::supports(shape) &&
      WinogradConvolution::can_run(shape.block, part.outputs.begin, part.outputs.count);
  if (!fits) return std::nullopt;
  auto& winograd = winograd_[{convolution.name, shape.block}];
  if (!winograd) {
    winograd = std::make_shared<const WinogradConvolution>(shape, convolution.weight->values.data(),
                                                           convolution.bias->values.data());
  }
  const memory::desc scratch({static_cast<memory::dim>(winograd->scratch_bytes())},
                             memory::data_type::u8, Tag::a);
  return Task{
      .name =
          convolution.name + (shape.block == 16 ? " own:winograd_avx512" : " own:winograd_avx2"),
      .kernel =
          [winograd, outputs = part.outputs](const float* input, float* output, float* products) {
            winograd->run(outputs.begin, outputs.count, input, output, products);
          },
      .constants = {},
      .operands = {source.as(DNNL_ARG_SRC),
                   destination.as(DNNL_ARG_DST),
                   {DNNL_ARG_SCRATCHPAD, scratch, Slot::scratch, 0}}};
}

/// Appends the steps to the plan. Places the scratchpads of a step's tasks one after the other,
/// because these tasks may run at the same time.
void ForwardPlanBuilder::append(std::vector<Step> steps) {
  for (Step& step : steps) {
    std::size_t scratch_end = 0;
    for (Task& task : step) {
      for (ForwardPlan::Operand& operand : task.operands) {
        if (operand.slot != Slot::scratch) continue;
        operand.offset_bytes = scratch_end;
        const Tensor scratch{operand.desc, operand.slot, operand.offset_bytes};
        reserve(scratch);
        scratch_end = scratch.end_bytes();
      }
    }
    plan_.steps_.push_back(std::move(step));
  }
}

void ForwardPlanBuilder::reserve(const Tensor& tensor) {
  std::size_t& bytes = plan_.slot_bytes_[static_cast<std::size_t>(tensor.slot)];
  bytes = std::max(bytes, tensor.end_bytes());
}

}  // namespace samoyed::worker
