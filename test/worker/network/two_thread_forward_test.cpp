#include "worker/network/two_thread_forward.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/network/model_fixtures.hpp"
#include "worker/network/one_thread.hpp"
#include "worker/network/squeezenet.hpp"

using samoyed::test::make_planes;
using samoyed::test::make_squeezenet;
using namespace samoyed::worker;

namespace {

/// A plan with tasks that can be shared, and the logits that one thread computes with it.
struct Plan {
  Plan() {
    use_one_thread();
    plan.emplace(file, recognize_squeezenet(file), ForwardPlan::Options{.ways = 2});
    workspace.emplace(*plan);
    expected = finish(0);
  }

  std::vector<float> finish(std::size_t step) {
    plan->set_input(*workspace, std::span<const float, input_floats>(planes));
    for (; step < plan->step_count(); ++step) {
      for (std::size_t task = 0; task < plan->task_count(step); ++task) {
        plan->run_task(*workspace, step, task);
      }
    }
    const auto logits = plan->logits(*workspace);
    return {logits.begin(), logits.end()};
  }

  const ModelFile file = make_squeezenet(true, 7);
  const std::vector<float> planes = make_planes();
  std::optional<ForwardPlan> plan;
  std::optional<ForwardPlan::Workspace> workspace;
  std::vector<float> expected;
};

}  // namespace

TEST_CASE("two threads compute the same as one, in every forward pass") {
  Plan of;
  TwoThreadForward forward(*of.plan);
  for (int i = 0; i < 200; ++i) {
    of.plan->set_input(*of.workspace, std::span<const float, input_floats>(of.planes));
    REQUIRE(forward.run(*of.workspace, [] { return true; }) == of.plan->step_count());
    const auto logits = of.plan->logits(*of.workspace);
    REQUIRE(std::equal(logits.begin(), logits.end(), of.expected.begin(), of.expected.end()));
  }
}

TEST_CASE("the second thread stops at any step once the image is no longer the only one") {
  Plan of;
  TwoThreadForward forward(*of.plan);
  for (std::size_t steps = 0; steps <= of.plan->step_count(); ++steps) {
    of.plan->set_input(*of.workspace, std::span<const float, input_floats>(of.planes));
    std::size_t left = steps;
    const std::size_t next = forward.run(*of.workspace, [&] { return left-- > 0; });
    REQUIRE(next == steps);
    REQUIRE(of.finish(next) == of.expected);
  }
}

TEST_CASE("concurrent forward passes are all right, though only one gets the second thread") {
  const Squeezenet network(make_squeezenet(true, 7), {.threads = 3});
  const std::vector<float> planes = make_planes();
  const std::span<const float, input_floats> image(planes);
  const std::vector<float> expected = network.forward(image);
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int repeat = 0; repeat < 20; ++repeat) {
          const auto logits = network.forward(image, [] { return true; });
          for (std::size_t k = 0; k < logits.size(); ++k) {
            if (std::abs(logits[k] - expected[k]) > 1e-4F) ++wrong;
          }
        }
      });
    }
  }
  CHECK(wrong == 0);
}
