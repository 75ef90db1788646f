#include "worker/network/two_thread_forward.hpp"

#include <cstddef>

#include "worker/network/one_thread.hpp"

namespace samoyed::worker {
namespace {

constexpr int task_bits = 32;
constexpr std::uint64_t task_mask = (std::uint64_t{1} << task_bits) - 1;
/// About 10 us. After that a waiting thread yields its core to other threads.
constexpr int spins_max = 1000;

/// Waits for the other thread by spinning first, so that it doesn't give up its core at once.
class SpinWait {
 public:
  void once() {
    if (++spins_ > spins_max) {
      std::this_thread::yield();
    } else {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  }

 private:
  int spins_ = 0;
};

}  // namespace

TwoThreadForward::TwoThreadForward(const ForwardPlan& plan)
    : plan_(plan), helper_([this] { help(); }) {}

TwoThreadForward::~TwoThreadForward() {
  stopping_ = true;
  ++begun_;
  begun_.notify_one();
  helper_.join();
}

std::size_t TwoThreadForward::run(ForwardPlan::Workspace& workspace,
                                  const std::function<bool()>& alone) {
  workspace_ = &workspace;
  ++begun_;
  begun_.notify_one();
  std::size_t step = 0;
  for (; step < plan_.step_count() && alone(); ++step) {
    helped_.store(0, std::memory_order_relaxed);
    cursor_.store(Cursor{step} << task_bits);
    std::size_t own = 0;
    while (take_task()) ++own;
    SpinWait wait;
    while (own + helped_.load() < plan_.task_count(step)) wait.once();
  }
  ended_ = begun_.load();
  return step;
}

bool TwoThreadForward::take_task() noexcept {
  const Cursor taken = cursor_.fetch_add(1);
  const auto step = static_cast<std::size_t>(taken >> task_bits);
  const auto task = static_cast<std::size_t>(taken & task_mask);
  if (task >= plan_.task_count(step)) return false;
  plan_.run_task(*workspace_, step, task);
  return true;
}

void TwoThreadForward::help() {
  use_one_thread();
  std::uint32_t seen = 0;
  while (true) {
    begun_.wait(seen);
    seen = begun_;
    if (stopping_) return;
    work_until_ended(seen);
  }
}

void TwoThreadForward::work_until_ended(std::uint32_t shift) {
  SpinWait wait;
  // Compares by difference, because the counters wrap around and `ended_` may already be past
  // `shift` if the helper slept through the end of a forward pass.
  while (static_cast<std::int32_t>(ended_.load() - shift) < 0) {
    const Cursor next = cursor_.load();
    const bool any_left =
        (next & task_mask) < plan_.task_count(static_cast<std::size_t>(next >> task_bits));
    if (any_left && take_task()) {
      ++helped_;
      wait = SpinWait();
    } else {
      wait.once();
    }
  }
}

}  // namespace samoyed::worker
