#pragma once

#include <array>
#include <cstddef>
#include <dnnl.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "worker/image/normalize.hpp"
#include "worker/kernels/winograd.hpp"
#include "worker/network/model_file.hpp"
#include "worker/network/precision.hpp"
#include "worker/network/squeezenet_architecture.hpp"

namespace samoyed::worker {

/// The Winograd convolutions with their transformed weights (9 MB for SqueezeNet 1.1), by layer
/// name and number of channels in a block.
using WinogradByLayer =
    std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const WinogradConvolution>>;

/// SqueezeNet's forward pass, prepared for this processor. It consists of oneDNN primitives, and of
/// our own kernels where they are faster (see WinogradConvolution and max_pool). The weights are
/// stored in the order in which the kernels read them, the ReLU is fused into each convolution, and
/// a fire module's concatenation needs no copy.
///
///     step 0        step 1      step 2     step 3                       ...  last step
///     [first conv]  [max pool]  [squeeze]  [expand 1x1] [expand 3x3]         [mean]
///
/// Steps run one after the other. The tasks of a step depend on earlier steps only, so several
/// threads may share them. If channels are stored in blocks, the two expanding convolutions write
/// into the halves of one buffer, which for a single image is their concatenation. If channels are
/// stored innermost (bf16 with AMX), the halves stay separate, and the next squeeze convolution
/// adds up its products with both.
///
/// Thread rule: immutable once built. A Workspace serves one forward pass at a time; the tasks of
/// one step may use it at the same time.
class ForwardPlan {
 public:
  struct Options {
    Precision precision = Precision::fp32;
    /// Number of tasks into which a convolution is split by its output channels, if possible.
    int ways = 1;
    /// Memory layout of the features, for tests. By default the fastest one on this processor.
    std::optional<dnnl::memory::format_tag> layout = std::nullopt;
  };

  /// Memory for one forward pass: 6 MB for SqueezeNet 1.1 in fp32.
  class Workspace;

  /// `shape` is the result of recognize_squeezenet for `file`. Throws dnnl::error if oneDNN can't
  /// compute in that precision on this processor.
  ForwardPlan(const ModelFile& file, const SqueezenetShape& shape, const Options& options);

  /// The same, but shares `winograd` with other plans of that file: uses the convolutions in it and
  /// adds those that are missing.
  ForwardPlan(const ModelFile& file, const SqueezenetShape& shape, const Options& options,
              WinogradByLayer& winograd);

  std::size_t step_count() const { return steps_.size(); }
  std::size_t task_count(std::size_t step) const { return steps_[step].size(); }
  /// The part of the network that a task computes and the name of its kernel. For example
  /// `features.3.squeeze jit_1x1:avx2` (oneDNN's name) or `features.3.expand3x3 own:winograd_avx2`.
  const std::string& task_name(std::size_t step, std::size_t task) const {
    return steps_[step][task].name;
  }

  /// Sets the image, as `normalize` produces it. Must be called before step 0. The image must
  /// outlive the forward pass.
  void set_input(Workspace& workspace, std::span<const float, input_floats> planes) const;
  /// Throws std::bad_alloc or dnnl::error when memory runs out.
  void run_task(Workspace& workspace, std::size_t step, std::size_t task) const;
  /// Returns the logits after the last step, one per class. They are valid until the workspace's
  /// next forward pass.
  std::span<const float> logits(const Workspace& workspace) const;

 private:
  friend class ForwardPlanBuilder;

  /// The parts of a workspace. Layers alternate between the two that hold features.
  enum class Slot { input, features_even, features_odd, squeezed, logits, scratch };
  static constexpr std::size_t slot_count = 6;

  /// A part of a slot that a task reads or writes. `argument` is oneDNN's number for the operand's
  /// role.
  struct Operand {
    int argument;
    dnnl::memory::desc desc;
    Slot slot;
    std::size_t offset_bytes;
  };
  /// A kernel of ours. Reads the operand DNNL_ARG_SRC and writes DNNL_ARG_DST. `scratch` is
  /// DNNL_ARG_SCRATCHPAD, or null if the task has no such operand.
  using OwnKernel = std::function<void(const float* source, float* destination, float* scratch)>;
  struct Task {
    std::string name;
    std::variant<dnnl::primitive, OwnKernel> kernel;
    std::vector<std::pair<int, dnnl::memory>> constants;  ///< A primitive's weights and bias.
    std::vector<Operand> operands;
  };
  using Step = std::vector<Task>;

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  std::vector<Step> steps_;
  std::array<std::size_t, slot_count> slot_bytes_{};
  std::size_t class_count_ = 0;
};

class ForwardPlan::Workspace {
 public:
  /// The plan must outlive it.
  explicit Workspace(const ForwardPlan& plan);

 private:
  friend class ForwardPlan;

  /// The arguments of each step's tasks, in the form that oneDNN takes.
  std::vector<std::vector<std::unordered_map<int, dnnl::memory>>> arguments_;
  std::array<dnnl::memory, slot_count> slots_;
  dnnl::stream stream_;
};

}  // namespace samoyed::worker
