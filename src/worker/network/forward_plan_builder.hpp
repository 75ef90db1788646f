#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/network/convolution.hpp"
#include "worker/network/forward_plan.hpp"

namespace samoyed::worker {

/// Builds a ForwardPlan layer by layer. Only ForwardPlan's constructors use it.
class ForwardPlanBuilder {
 public:
  /// The referenced objects must outlive the builder.
  ForwardPlanBuilder(ForwardPlan& plan, const ModelFile& file, const ForwardPlan::Options& options,
                     WinogradByLayer& winograd);

  void build(const SqueezenetArchitecture& architecture);

 private:
  using Slot = ForwardPlan::Slot;
  using Step = ForwardPlan::Step;
  using Task = ForwardPlan::Task;

  /// Where a tensor is in a workspace.
  struct Tensor {
    dnnl::memory::desc desc;
    Slot slot;
    std::size_t offset_bytes;

    ForwardPlan::Operand as(int argument) const { return {argument, desc, slot, offset_bytes}; }
    std::size_t end_bytes() const { return offset_bytes + desc.get_size(); }
  };
  /// A layer's output: consecutive ranges of channels, each a tensor by itself. It is a single
  /// tensor if the two halves of a fire module form one.
  using Features = std::vector<Tensor>;

  Convolution convolution(const std::string& name, std::int64_t stride = 1,
                          std::int64_t padding = 0) const;
  Tensor reorder_input(const Convolution& first);
  Features convolve(const Features& input, const Convolution& convolution, Slot slot);
  Features fire(const Features& input, const std::string& name, Slot slot);
  Features pool(const Features& input, Slot slot);
  void average(const Tensor& input);

  /// Returns the tensor for a convolution's output, in the plan's layout or, if that is `any`, in
  /// the one that oneDNN chooses.
  Tensor make_output(const Features& input, const Convolution& convolution, Slot slot,
                     std::size_t offset_bytes);
  Tensor cut(const Tensor& tensor, const ChannelRange& range) const;
  /// Adds the tasks that compute `output`. Each range of the input's channels has its own step.
  void add_tasks(std::vector<Step>& steps, const Features& input, const Convolution& convolution,
                 const Tensor& output);
  Task make_pool_task(const Tensor& source, const Tensor& destination);
  Task make_task(const Tensor& source, const Convolution& convolution, const ConvolutionPart& part,
                 const Tensor& destination);
  std::optional<Task> make_winograd_task(const Tensor& source, const Convolution& convolution,
                                         const ConvolutionPart& part, const Tensor& destination);
  void append(std::vector<Step> steps);
  void reserve(const Tensor& tensor);

  ForwardPlan& plan_;
  const ModelFile& file_;
  const ForwardPlan::Options options_;
  const dnnl::memory::data_type type_;
  dnnl::memory::format_tag layout_;  ///< Layout of the features.
  WinogradByLayer& winograd_;
};

}  // namespace samoyed::worker
