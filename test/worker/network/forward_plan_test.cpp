#include "worker/network/forward_plan.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/network/model_fixtures.hpp"
#include "worker/network/one_thread.hpp"
#include "worker/network/onednn_isa.hpp"
#include "worker/network/torch_squeezenet.hpp"

using samoyed::test::make_planes;
using samoyed::test::make_squeezenet;
using namespace samoyed::worker;
using Tag = dnnl::memory::format_tag;

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

/// Returns the channel layouts for which this processor has fast kernels. `std::nullopt` is the
/// plan's own choice.
std::vector<std::optional<Tag>> quick_layouts() {
  std::vector<std::optional<Tag>> layouts{std::nullopt, Tag::nhwc};
  if (onednn_may_use(dnnl::cpu_isa::avx2)) layouts.push_back(Tag::nChw8c);
  if (onednn_may_use(dnnl::cpu_isa::avx512_core)) layouts.push_back(Tag::nChw16c);
  return layouts;
}

/// Returns the kernels of the layers whose names contain `layer`.
std::set<std::string> kernels(const ForwardPlan& plan, std::string_view layer = "") {
  std::set<std::string> names;
  for (std::size_t step = 0; step < plan.step_count(); ++step) {
    for (std::size_t task = 0; task < plan.task_count(step); ++task) {
      const std::string& name = plan.task_name(step, task);
      if (name.find(layer) == std::string::npos) continue;
      names.insert(name.substr(name.rfind(' ') + 1));
    }
  }
  return names;
}

}  // namespace

TEST_CASE("every layout and split of the network gives LibTorch's logits") {
  use_one_thread();
  for (const bool version_1_1 : {false, true}) {
    const ModelFile file = make_squeezenet(version_1_1, 11);  // Not a multiple of a block.
    const SqueezenetShape shape = recognize_squeezenet(file);
    const std::vector<float> planes = make_planes();
    const std::vector<float> expected =
        TorchSqueezenet(file, shape).forward(std::span<const float, input_floats>(planes));
    for (const std::optional<Tag> layout : quick_layouts()) {
      for (const int ways : {1, 2, 3}) {
        CAPTURE(version_1_1, ways, layout.has_value(), layout.value_or(Tag::any));
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

TEST_CASE("bfloat16 gives LibTorch's logits as closely as its 8 bits allow") {
  // It is fast only with AMX, but oneDNN supports it on every processor with AVX-512.
  if (!onednn_may_use(dnnl::cpu_isa::avx512_core)) {
    WARN("skipped: needs AVX-512");
    return;
  }
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 11);
  const SqueezenetShape shape = recognize_squeezenet(file);
  const std::vector<float> planes = make_planes();
  const std::vector<float> expected =
      TorchSqueezenet(file, shape).forward(std::span<const float, input_floats>(planes));
  const float largest = *std::max_element(expected.begin(), expected.end());
  REQUIRE(largest > 0);
  for (const int ways : {1, 2}) {
    const ForwardPlan plan(file, shape, {.precision = Precision::bf16, .ways = ways});
    ForwardPlan::Workspace workspace(plan);
    const std::vector<float> logits = forward(plan, workspace, planes);
    REQUIRE(logits.size() == expected.size());
    bool exact = true;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      CAPTURE(ways, i);
      CHECK(logits[i] == Approx(expected[i]).margin(0.1 * largest));
      exact = exact && logits[i] == Approx(expected[i]).epsilon(1e-6).margin(1e-6 * largest);
    }
    CHECK_FALSE(exact);
  }
}

TEST_CASE("the tasks of one step don't depend on each other") {
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 7);
  const ForwardPlan plan(file, recognize_squeezenet(file), {.ways = 2});
  ForwardPlan::Workspace workspace(plan);
  const std::vector<float> planes = make_planes();
  const std::vector<float> logits = forward(plan, workspace, planes);
  CHECK(forward(plan, workspace, planes, /*tasks_reversed=*/true) == logits);
}

TEST_CASE("a workspace keeps nothing of the previous image") {
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 7);
  const ForwardPlan plan(file, recognize_squeezenet(file), {});
  ForwardPlan::Workspace fresh(plan);
  ForwardPlan::Workspace used(plan);
  const std::vector<float> loud(input_floats, 1e6F);
  forward(plan, used, loud);
  CHECK(forward(plan, used, make_planes()) == forward(plan, fresh, make_planes()));
}

TEST_CASE("no part of the network uses oneDNN's reference kernels, which take seconds") {
  use_one_thread();
  for (const bool version_1_1 : {false, true}) {
    for (const int class_count : {7, 1000}) {
      for (const int ways : {1, 2}) {
        const ModelFile file = make_squeezenet(version_1_1, class_count);
        const ForwardPlan plan(file, recognize_squeezenet(file), {.ways = ways});
        for (const std::string& kernel : kernels(plan)) {
          CAPTURE(version_1_1, class_count, ways, kernel);
          CHECK(kernel.find("ref") == std::string::npos);
        }
      }
    }
  }
}

TEST_CASE("our own kernels are used wherever channels are stored in blocks") {
  if (!onednn_may_use(dnnl::cpu_isa::avx2)) {
    WARN("skipped: needs AVX2");
    return;
  }
  use_one_thread();
  const bool avx512 = onednn_may_use(dnnl::cpu_isa::avx512_core);
  const ModelFile file = make_squeezenet(true, 1000);
  const SqueezenetShape shape = recognize_squeezenet(file);
  const std::set<std::string> by_avx2{"own:winograd_avx2"};
  const std::set<std::string> by_avx512{"own:winograd_avx512"};
  for (const int ways : {1, 2}) {
    CAPTURE(ways);
    const ForwardPlan fastest(file, shape, {.ways = ways});
    CHECK(kernels(fastest, "expand3x3") == (avx512 ? by_avx512 : by_avx2));
    CHECK(kernels(fastest).contains("own:avx2"));
    CHECK(kernels(ForwardPlan(file, shape, {.ways = ways, .layout = Tag::nChw8c}), "expand3x3") ==
          by_avx2);
    for (const std::string& kernel :
         kernels(ForwardPlan(file, shape, {.ways = ways, .layout = Tag::nhwc}))) {
      CHECK(kernel.find("own:") == std::string::npos);
    }
  }
}

TEST_CASE("plans of one file with different channel blocks share no weights") {
  if (!onednn_may_use(dnnl::cpu_isa::avx512_core)) {
    WARN("skipped: needs AVX-512");
    return;
  }
  use_one_thread();
  const ModelFile file = make_squeezenet(true, 7);
  const SqueezenetShape shape = recognize_squeezenet(file);
  WinogradByLayer winograd;
  const ForwardPlan eights(file, shape, {.layout = Tag::nChw8c}, winograd);
  const ForwardPlan sixteens(file, shape, {.layout = Tag::nChw16c}, winograd);
  ForwardPlan::Workspace of_eights(eights);
  ForwardPlan::Workspace of_sixteens(sixteens);
  const std::vector<float> planes = make_planes();
  const std::vector<float> expected = forward(eights, of_eights, planes);
  const std::vector<float> logits = forward(sixteens, of_sixteens, planes);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    CHECK(logits[i] == Approx(expected[i]).margin(1e-4));
  }
}
