#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <variant>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>

#include "dispatcher/jobs/job_policy.hpp"
#include "dispatcher/jobs/job_step.hpp"
#include "dispatcher/jobs/job_store.hpp"
#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// Claims waiting jobs as the policy allows, has their images recognized, and writes the outcomes
/// to the store.
///
/// Thread rule: the same as for Jobs.
class JobRunner {
 public:
  struct Options {
    /// The timeout of one attempt.
    std::chrono::milliseconds request_timeout{60000};
    /// The pause between two attempts to write an outcome while the disk fails.
    std::chrono::milliseconds storage_pause{1000};
    /// How often to check for workers that came into rotation, because no event reports them.
    std::chrono::milliseconds look_interval{1000};
  };
  /// The facts that the policy needs and the jobs themselves don't provide.
  struct Surroundings {
    std::size_t workers_in_rotation = 0;
    std::size_t interactive = 0;
  };

  /// The references must outlive the runner, and the runner must outlive every coroutine that it
  /// started.
  JobRunner(
      asio::any_io_executor executor, JobStore& jobs, Classifier& classifier,
      std::function<Surroundings()> surroundings, Options options,
      OnJobStep on_step = [](JobStep) {});

  /// Runs until `stop`. Call once.
  asio::awaitable<void> run();

  /// Call this when something has changed that may let a job start.
  void wake();

  /// Starts no more jobs, and puts the running ones back.
  void stop();

  /// Waits until no job is running, but not beyond `deadline`.
  asio::awaitable<void> finish(std::chrono::steady_clock::time_point deadline);

 private:
  using Clock = std::chrono::steady_clock;
  /// How an attempt ended.
  using End = std::variant<Answer, JobVerdict>;

  asio::awaitable<void> start_some();
  void start(ClaimedJob job);
  asio::awaitable<void> carry_out(ClaimedJob job, asio::cancellation_slot cancelled);
  asio::awaitable<End> attempt(const ClaimedJob& job, asio::cancellation_slot cancelled);
  JobVerdict judge_attempt(const ClaimedJob& job, const Failure& failure);
  asio::awaitable<void> write_end(const ClaimedJob& job, End end);
  asio::awaitable<bool> finish_job(const ClaimedJob& job, const Answer& answer);
  asio::awaitable<bool> apply_verdict(const ClaimedJob& job, const JobVerdict& verdict);
  asio::awaitable<std::optional<std::string>> try_write_end(const ClaimedJob& job, const End& end);
  std::size_t startable(Clock::time_point now) const;

  asio::any_io_executor executor_;
  JobStore& jobs_;
  Classifier& classifier_;
  const std::function<Surroundings()> surroundings_;
  const Options options_;
  const OnJobStep on_step_;
  io::Event changed_;
  io::Event all_ended_;
  std::map<std::string, asio::cancellation_signal> running_;  ///< By the job's id.
  std::uint64_t running_bytes_ = 0;
  /// The number of suspect failures of each unfinished job, by the job's id. It starts at zero
  /// after a restart, unless the store knows more: when in doubt, a job is attempted again.
  std::map<std::string, int> suspect_ends_;
  Clock::time_point last_progress_;
  /// No waiting job is due before this time.
  Clock::time_point nothing_due_before_ = Clock::time_point::min();
  bool lookup_failed_ = false;  ///< The last look for jobs failed, and the log says so.
  bool woken_ = false;
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
