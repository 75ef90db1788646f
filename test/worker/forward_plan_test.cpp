#include "worker/forward_plan.hpp"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/model_fixtures.hpp"
#include "worker/one_thread.hpp"
#include "worker/simd.hpp"
#include "worker/torch_squeezenet.hpp"

using samoyed::test::make_planes;
using samoyed::test::make_squeezenet;
using namespace samoyed::worker;

namespace {

std::vector<float> forward(const ForwardPlan& plan, ForwardPlan::Workspace& workspace,
                           const std::vector<float>& planes, bool tasks_reversed = false) {
  plan.set_input(workspace, std::span<const float, input_floats>(planes));
  for (std::size_t step = 0; step < plan.step_count(); ++step) {
    const std::size_t count = plan.task_count(step);
    for (std::size_t task = 0; task < count; ++task) {
      plan.run_task(workspace, step, tasks_reversed ? count - 1 - task : task);
    }
  }
  const auto logits = plan.logits(workspace);
  return {logits.begin(), logits.end()};
}

/// Those that oneDNN and we have quick kernels for on this processor.
std::vector<ForwardPlan::Layout> quick_layouts() {
  using Layout = ForwardPlan::Layout;
  std::vector<Layout> layouts{Layout::fastest, Layout::innermost};
  if (has_avx2()) layouts.push_back(Layout::blocks_of_8);
  if (has_avx512()) layouts.push_back(Layout::blocks_of_16);
  return layouts;
}

std::set<std::string> kernels(const ForwardPlan& plan) {
  std::set<std::string> names;
  for (std::size_t step = 0; step < plan.step_count(); ++step) {
    for (std::size_t task = 0; task < plan.task_count(step); ++task) {
      const std::string& name = plan.task_name(step, task);
      names.insert(name.substr(name.rfind(' ') + 1));
    }
  }
  return names;
}

}  // namespace

TEST_CASE("every way of computing the network gives LibTorch's logits") {
  use_one_thread();
  for (const bool version_1_1 : {false, true}) {
    const ModelFile file = make_squeezenet(version_1_1, 11);  // No whole number of blocks.
    const SqueezenetShape shape = recognize_squeezenet(file);
    const std::vector<float> planes = make_planes();
    const std::vector<float> expected =
        TorchSqueezenet(file, shape).forward(std::span<const float, input_floats>(planes));
    for (const ForwardPlan::Layout layout : quick_layouts()) {
      for (const int ways : {1, 2, 3}) {
        CAPTURE(version_1_1, ways, layout);
        const ForwardPlan plan(file, shape, {.ways = ways, .layout = layout});
        ForwardPlan::Workspace workspace(plan);
        const std::vector<float> logits = forward(plan, workspace, planes);
        REQUIRE(logits.size() == expected.size());
        for (std::size_t i = 0; i < logits.size(); ++i) {
          CHECK(logits[i] == Approx(expected[i]).margin(1e-4));
        }
      }
    }
  }
}

TEST_CASE("the tasks of one step depend on none of each other") {
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 7);
  const ForwardPlan plan(file, recognize_squeezenet(file), {.ways = 2});
  ForwardPlan::Workspace workspace(plan);
  const std::vector<float> planes = make_planes();
  const std::vector<float> logits = forward(plan, workspace, planes);
  CHECK(forward(plan, workspace, planes, /*tasks_reversed=*/true) == logits);
}

TEST_CASE("a workspace keeps nothing of the picture before") {
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 7);
  const ForwardPlan plan(file, recognize_squeezenet(file), {});
  ForwardPlan::Workspace fresh(plan);
  ForwardPlan::Workspace used(plan);
  const std::vector<float> loud(input_floats, 1e6F);
  forward(plan, used, loud);
  CHECK(forward(plan, used, make_planes()) == forward(plan, fresh, make_planes()));
}

TEST_CASE("no part of the network falls to oneDNN's reference kernels, which take seconds") {
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 1000);
  for (const std::string& kernel : kernels(ForwardPlan(file, recognize_squeezenet(file), {}))) {
    CAPTURE(kernel);
    CHECK(kernel.find("ref") == std::string::npos);
  }
}

TEST_CASE("our own kernels are used where they are faster than oneDNN's") {
  constexpr auto avx2 = static_cast<unsigned>(dnnl::cpu_isa::avx2);
  if (!has_avx2() || (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & avx2) != avx2) {
    WARN("skipped for want of AVX2");
    return;
  }
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 1000);
  for (const int ways : {1, 2}) {
    const auto used = kernels(ForwardPlan(file, recognize_squeezenet(file), {.ways = ways}));
    CHECK(used.contains("own:winograd"));
    CHECK(used.contains("own:avx2"));
  }
}
