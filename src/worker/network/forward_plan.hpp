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

/// The convolutions with transformed weights (9 MB for SqueezeNet 1.1) by the names of their layers
/// and the channels in a block.
using WinogradByLayer =
    std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const WinogradConvolution>>;

/// SqueezeNet's forward pass as oneDNN primitives, and kernels of ours where they are faster (see
/// WinogradConvolution and max_pool), made for this processor: weights in the order in which the
/// kernels read them, ReLU fused into each convolution, and no copy for the concatenation of a fire
/// module.
///
///     step 0        step 1      step 2     step 3                       ...  last step
///     [first conv]  [max pool]  [squeeze]  [expand 1x1] [expand 3x3]         [mean]
///
/// Steps follow each other; the tasks of one step depend on earlier steps only, so several threads
/// may share them. The two expansions write into the halves of one buffer where channels are kept
/// in blocks (for one image that is a concatenation). Where they are kept innermost (bf16 with AMX)
/// each half stays by itself, and the next squeeze adds up its products with both.
///
/// Thread rule: immutable once built. A Workspace serves one forward at a time, within which the
/// tasks of one step may run at the same time.
class ForwardPlan {
 public:
  struct Options {
    Precision precision = Precision::fp32;
    /// Into how many tasks a convolution is split by its output channels, where that can be done.
    int ways = 1;
    /// How the channels of features are kept, for tests; else as is fastest on this processor.
    std::optional<dnnl::memory::format_tag> layout = std::nullopt;
  };

  /// Memory for one forward: 6 MB for SqueezeNet 1.1 in fp32.
  class Workspace;

  /// `shape` is what recognize_squeezenet says of `file`. Throws dnnl::error where oneDNN can't
  /// compute in that precision here.
  ForwardPlan(const ModelFile& file, const SqueezenetShape& shape, const Options& options);

  /// The same, sharing `winograd` with other plans of that file: it takes what is there, and adds
  /// what isn't.
  ForwardPlan(const ModelFile& file, const SqueezenetShape& shape, const Options& options,
              WinogradByLayer& winograd);

  std::size_t step_count() const { return steps_.size(); }
  std::size_t task_count(std::size_t step) const { return steps_[step].size(); }
  /// Which part of the network a task computes, and by which kernel: `features.3.squeeze
  /// jit_1x1:avx2` (as oneDNN calls it) or `features.3.expand3x3 own:winograd_avx2`.
  const std::string& task_name(std::size_t step, std::size_t task) const {
    return steps_[step][task].name;
  }

  /// Before step 0: the image as `normalize` gives it, which must outlive the forward.
  void set_input(Workspace& workspace, std::span<const float, input_floats> planes) const;
  /// Throws std::bad_alloc or dnnl::error where memory ends.
  void run_task(Workspace& workspace, std::size_t step, std::size_t task) const;
  /// After the last step: one a class, valid until the workspace's next forward.
  std::span<const float> logits(const Workspace& workspace) const;

 private:
  friend class ForwardPlanBuilder;

  /// The parts of a workspace. Layers take turns with the two that hold features.
  enum class Slot { input, features_even, features_odd, squeezed, logits, scratch };
  static constexpr std::size_t slot_count = 6;

  /// A part of a slot that a task reads or writes. `argument` is oneDNN's number for its role.
  struct Operand {
    int argument;
    dnnl::memory::desc desc;
    Slot slot;
    std::size_t offset_bytes;
  };
  /// Reads the operand DNNL_ARG_SRC, writes DNNL_ARG_DST, and may use DNNL_ARG_SCRATCHPAD (else
  /// null).
  using OwnKernel = std::function<void(const float* source, float* destination, float* scratch)>;
  struct Task {
    std::string name;
    std::variant<dnnl::primitive, OwnKernel> kernel;
    std::vector<std::pair<int, dnnl::memory>> constants;  ///< Weights and biases of a primitive.
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

  /// The arguments of each task of each step, as oneDNN takes them.
  std::vector<std::vector<std::unordered_map<int, dnnl::memory>>> arguments_;
  std::array<dnnl::memory, slot_count> slots_;
  dnnl::stream stream_;
};

}  // namespace samoyed::worker
