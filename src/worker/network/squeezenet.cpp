#include "worker/network/squeezenet.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "worker/image/object_pool.hpp"
#include "worker/network/forward_plan.hpp"
#include "worker/network/one_thread.hpp"
#include "worker/network/squeezenet_architecture.hpp"
#include "worker/network/thread_count_tuner.hpp"
#include "worker/network/torch_squeezenet.hpp"
#include "worker/network/two_thread_forward.hpp"

namespace samoyed::worker {
namespace {

/// The most by which a logit may differ from LibTorch's, relative to the largest logit. float32
/// sums in a different order differ by 1e-6 of it; bfloat16 with its 8 bits differs by 1e-2 (0.1 of
/// 10 to 20).
constexpr float fp32_tolerance = 1e-4F;
constexpr float bf16_tolerance = 5e-2F;

/// Returns an image that contains all frequencies, in the value range of normalized pixels. It is
/// the same at every start.
std::vector<float> make_check_image() {
  std::vector<float> planes(input_floats);
  std::uint32_t state = 1;
  for (float& value : planes) {
    state = state * 1664525U + 1013904223U;  // Knuth and Lewis's linear congruential generator.
    value = static_cast<float>(state >> 8) / 0x1p23F - 1.0F;
  }
  return planes;
}

/// If the network overflows, it does so in both implementations, and there is nothing to compare.
bool agree(std::span<const float> logits, std::span<const float> expected, float tolerance) {
  float largest = 1.0F;
  for (const float logit : expected) {
    if (!std::isfinite(logit)) return true;
    largest = std::max(largest, std::abs(logit));
  }
  return std::equal(
      logits.begin(), logits.end(), expected.begin(), expected.end(),
      [&](float logit, float wanted) { return std::abs(logit - wanted) <= tolerance * largest; });
}

/// A plan and a pool of workspaces for it.
class Runner {
 public:
  /// Creates `workspaces` workspaces, one for each forward pass that will run at the same time.
  /// More are created when needed.
  Runner(const ModelFile& file, const SqueezenetShape& shape, const ForwardPlan::Options& options,
         WinogradByLayer& winograd, std::size_t workspaces)
      : plan_(file, shape, options, winograd) {
    std::vector<ObjectPool<ForwardPlan::Workspace>::Lease> taken;
    for (std::size_t i = 0; i < workspaces; ++i) taken.push_back(take_workspace());
  }

  const ForwardPlan& plan() const { return plan_; }

  /// `begin(workspace)` may run the first steps. It returns the first step that is left to run.
  template <typename Begin>
  std::vector<float> forward(std::span<const float, input_floats> planes, Begin begin) {
    const auto workspace = take_workspace();
    plan_.set_input(*workspace, planes);
    for (std::size_t step = begin(*workspace); step < plan_.step_count(); ++step) {
      for (std::size_t task = 0; task < plan_.task_count(step); ++task) {
        plan_.run_task(*workspace, step, task);
      }
    }
    const std::span<const float> logits = plan_.logits(*workspace);
    return {logits.begin(), logits.end()};
  }

 private:
  ObjectPool<ForwardPlan::Workspace>::Lease take_workspace() {
    return workspaces_.take([this] { return std::make_unique<ForwardPlan::Workspace>(plan_); });
  }

  const ForwardPlan plan_;
  ObjectPool<ForwardPlan::Workspace> workspaces_;
};

/// Computes one image at a time on two threads.
struct SharedRunner {
  SharedRunner(const ModelFile& file, const SqueezenetShape& shape, Precision precision,
               WinogradByLayer& winograd)
      : runner(file, shape, {.precision = precision, .ways = 2}, winograd, 1),
        pair(runner.plan()) {}

  /// Sets `was_alone` to true if the second thread took part until the end.
  std::vector<float> forward(std::span<const float, input_floats> planes,
                             const std::function<bool()>& alone, bool& was_alone) {
    return runner.forward(planes, [&](ForwardPlan::Workspace& workspace) {
      const std::size_t next = pair.run(workspace, alone);
      was_alone = next == runner.plan().step_count();
      return next;
    });
  }

  Runner runner;
  TwoThreadForward pair;
  /// Set while an image uses the second thread, or is computed without it by the tuner's choice.
  std::atomic_flag taken;
  ThreadCountTuner tuner;  ///< Guarded by `taken`.
};

/// Clears a set flag when destroyed.
class TakenFlag {
 public:
  explicit TakenFlag(std::atomic_flag& flag) : flag_(flag) {}
  ~TakenFlag() { flag_.clear(); }
  TakenFlag(const TakenFlag&) = delete;
  TakenFlag& operator=(const TakenFlag&) = delete;

 private:
  std::atomic_flag& flag_;
};

}  // namespace

struct Squeezenet::Network {
  Network(const ModelFile& file, const SqueezenetShape& of_file, const Options& options)
      : shape(of_file),
        single(file, of_file, {.precision = options.precision}, winograd, options.threads) {
    if (options.threads > 1) shared.emplace(file, of_file, options.precision, winograd);
  }

  SqueezenetShape shape;
  WinogradByLayer winograd;  ///< Both runners' plans share it.
  /// Has its own plan: if two threads each compute their own image with the plan for two threads,
  /// they compute 391 images per second instead of 400 (`samoyed_bench forward --threads 2`,
  /// medians of 9 alternating rounds).
  Runner single;
  std::optional<SharedRunner> shared;
};

Squeezenet::Squeezenet(const ModelFile& file, const Options& options) {
  const SqueezenetShape shape = recognize_squeezenet(file);
  if (const auto why = why_unsupported(options.precision)) throw std::runtime_error(*why);
  use_one_thread();
  const std::vector<float> image = make_check_image();
  const std::span<const float, input_floats> planes(image);
  // Both computations take about the same time, so running them at once shortens the start.
  auto by_torch = std::async(std::launch::async, [&] {
    use_one_thread();
    return TorchSqueezenet(file, shape).forward(planes);
  });
  network_ = std::make_unique<Network>(file, shape, options);
  const std::vector<float> expected = by_torch.get();
  const float tolerance = options.precision == Precision::fp32 ? fp32_tolerance : bf16_tolerance;
  bool agreed = agree(forward(planes), expected, tolerance);
  // Alternates between two threads and one, so that even the first image runs in the faster way.
  for (int run = 0; network_->shared && run < 2 * ThreadCountTuner::first_runs; ++run) {
    agreed = agreed && agree(forward(planes, [] { return true; }), expected, tolerance);
  }
  if (!agreed) {
    throw std::runtime_error(
        file.name + ": oneDNN and LibTorch compute different results on this processor with " +
        to_string(options.precision) + "; please report this with the processor's name");
  }
}

Squeezenet::~Squeezenet() = default;

std::string_view Squeezenet::name() const { return network_->shape.architecture->name; }

std::size_t Squeezenet::class_count() const {
  return static_cast<std::size_t>(network_->shape.class_count);
}

std::vector<float> Squeezenet::forward(std::span<const float, input_floats> planes) const {
  use_one_thread();
  return network_->single.forward(planes, [](auto&) { return std::size_t{0}; });
}

std::vector<float> Squeezenet::forward(std::span<const float> planes,
                                       const std::function<bool()>& alone) const {
  assert(planes.size() == input_floats);
  const auto image = planes.first<input_floats>();
  if (!network_->shared || !alone() || network_->shared->taken.test_and_set()) {
    return forward(image);
  }
  SharedRunner& shared = *network_->shared;
  const TakenFlag taken(shared.taken);
  const ThreadCountTuner::Way way = shared.tuner.next();
  bool was_alone = false;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<float> logits;
  if (way == ThreadCountTuner::Way::two_threads) {
    use_one_thread();
    logits = shared.forward(image, alone, was_alone);
  } else {
    logits = forward(image);
    was_alone = alone();
  }
  if (was_alone) shared.tuner.took(way, std::chrono::steady_clock::now() - begin);
  return logits;
}

}  // namespace samoyed::worker
