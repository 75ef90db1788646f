#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

#include "worker/network/forward_plan.hpp"

namespace samoyed::worker {

/// Runs one forward at a time on two threads, for as long as its image is the only one.
///
/// The caller and the helper take the tasks of a step from one cursor; a step begins when the one
/// before is done. The caller never waits for a task that the helper has not begun, so a helper
/// that gets no core delays nobody by more than the task it holds. Between forwards the helper
/// sleeps; within one it spins, since the steps follow each other by tens of microseconds.
///
/// Its worth: on 2 free cores of an AMD EPYC the forward of a lone image takes 3.5 ms instead of
/// 5.0 (2.5 ms where the machine is idle). Measured by `chrt -f 10 samoyed_bench forward` with and
/// without `--shared`, medians of 7 rounds in turns.
///
/// Thread rule: `run` may be called from any thread, by one at a time.
class TwoThreadForward {
 public:
  /// The plan must outlive it.
  explicit TwoThreadForward(const ForwardPlan& plan);
  ~TwoThreadForward();
  TwoThreadForward(const TwoThreadForward&) = delete;
  TwoThreadForward& operator=(const TwoThreadForward&) = delete;

  /// Runs the plan's steps while `alone` returns true, which is asked before each one. Returns the
  /// first step that was not run: the caller continues from there alone.
  std::size_t run(ForwardPlan::Workspace& workspace, const std::function<bool()>& alone);

 private:
  /// A step and its next task in one word, so that one instruction takes a task.
  using Cursor = std::uint64_t;

  void help();
  void work_until_ended(std::uint32_t shift);
  /// False if the step has no task left. If a task throws, the process ends: the other thread may
  /// be in another task of the same workspace, and would never end.
  bool take_task() noexcept;

  /// A step 0 without a task to take.
  static constexpr Cursor nothing_to_do = Cursor{1} << 31;

  const ForwardPlan& plan_;
  /// Written before the cursor is; read by the thread that took a task from it.
  ForwardPlan::Workspace* workspace_ = nullptr;
  std::atomic<Cursor> cursor_ = nothing_to_do;
  std::atomic<std::size_t> helped_ = 0;   ///< Tasks of this step that the helper has done.
  std::atomic<std::uint32_t> begun_ = 0;  ///< Forwards; the helper sleeps until it changes.
  std::atomic<std::uint32_t> ended_ = 0;  ///< Forwards that have ended.
  std::atomic<bool> stopping_ = false;
  std::thread helper_;
};

}  // namespace samoyed::worker
