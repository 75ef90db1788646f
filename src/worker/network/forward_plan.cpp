#include "worker/network/forward_plan.hpp"

#include <algorithm>

#include "worker/network/forward_plan_builder.hpp"

namespace samoyed::worker {

ForwardPlan::ForwardPlan(const ModelFile& file, const SqueezenetShape& shape,
                         const Options& options, WinogradByLayer& winograd)
    : class_count_(static_cast<std::size_t>(shape.class_count)) {
  ForwardPlanBuilder(*this, file, options, winograd).build(*shape.architecture);
}

ForwardPlan::ForwardPlan(const ModelFile& file, const SqueezenetShape& shape,
                         const Options& options)
    : class_count_(static_cast<std::size_t>(shape.class_count)) {
  WinogradByLayer own;
  ForwardPlanBuilder(*this, file, options, own).build(*shape.architecture);
}

ForwardPlan::Workspace::Workspace(const ForwardPlan& plan) : stream_(plan.engine_) {
  using dnnl::memory;
  for (std::size_t slot = 0; slot < slot_count; ++slot) {
    const auto bytes = static_cast<memory::dim>(plan.slot_bytes_[slot]);
    slots_[slot] = memory({{bytes}, memory::data_type::u8, memory::format_tag::a}, plan.engine_);
    // Linux maps memory on the first write. That happens here, not in the first forward pass.
    std::fill_n(static_cast<std::byte*>(slots_[slot].get_data_handle()), bytes, std::byte{0});
  }
  for (const Step& step : plan.steps_) {
    auto& of_step = arguments_.emplace_back();
    for (const Task& task : step) {
      auto& of_task = of_step.emplace_back(task.constants.begin(), task.constants.end());
      for (const Operand& operand : task.operands) {
        auto* const begin = static_cast<std::byte*>(
            slots_[static_cast<std::size_t>(operand.slot)].get_data_handle());
        of_task.insert_or_assign(operand.argument,
                                 memory(operand.desc, plan.engine_, begin + operand.offset_bytes));
      }
    }
  }
}

void ForwardPlan::set_input(Workspace& workspace,
                            std::span<const float, input_floats> planes) const {
  for (auto& arguments : workspace.arguments_.front()) {
    // oneDNN's memory takes a mutable pointer, although oneDNN only reads a source.
    arguments.at(DNNL_ARG_SRC).set_data_handle(const_cast<float*>(planes.data()));
  }
}

void ForwardPlan::run_task(Workspace& workspace, std::size_t step, std::size_t task) const {
  const auto& kernel = steps_[step][task].kernel;
  const auto& arguments = workspace.arguments_[step][task];
  if (const auto* const own = std::get_if<OwnKernel>(&kernel)) {
    const auto floats = [&](int argument) {
      const auto found = arguments.find(argument);
      return found == arguments.end() ? nullptr
                                      : static_cast<float*>(found->second.get_data_handle());
    };
    (*own)(floats(DNNL_ARG_SRC), floats(DNNL_ARG_DST), floats(DNNL_ARG_SCRATCHPAD));
  } else {
    std::get<dnnl::primitive>(kernel).execute(workspace.stream_, arguments);
  }
}

std::span<const float> ForwardPlan::logits(const Workspace& workspace) const {
  const auto& slot = workspace.slots_[static_cast<std::size_t>(Slot::logits)];
  return {static_cast<const float*>(slot.get_data_handle()), class_count_};
}

}  // namespace samoyed::worker
