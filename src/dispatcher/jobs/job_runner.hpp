#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <variant>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>

#include "dispatcher/jobs/job_policy.hpp"
#include "dispatcher/jobs/job_step.hpp"
#include "dispatcher/jobs/job_store.hpp"
#include "samoyed/dispatcher/classifier.hpp"

namespace samoyed::dispatcher {

/// Hands waiting jobs to the classifier as the policy lets it, and writes down what became of them.
///
/// Thread rule: that of the jobs.
class JobRunner {
 public:
  struct Options {
    /// Of one attempt.
    std::chrono::milliseconds request_timeout{60000};
    /// Between two tries to write down an end while the disk fails.
    std::chrono::milliseconds storage_pause{1000};
    /// For workers that come into rotation, which nobody tells.
    std::chrono::milliseconds look_interval{1000};
  };
  /// What the policy is told, but for the jobs' own numbers.
  struct Surroundings {
    std::size_t workers_in_rotation = 0;
    std::size_t interactive = 0;
  };

  /// The references must outlive the runner, and the runner every coroutine of its own.
  JobRunner(
      asio::any_io_executor executor, JobStore& jobs, Classifier& classifier,
      std::function<Surroundings()> surroundings, Options options,
      OnJobStep on_step = [](JobStep) {});

  /// Until `stop`. Call once.
  asio::awaitable<void> run();

  /// Something changed that may let a job start.
  void wake();

  /// Starts no more, and puts back what runs.
  void stop();

  /// Waits until nothing runs, but not beyond `deadline`.
  asio::awaitable<void> finish(std::chrono::steady_clock::time_point deadline);

 private:
  using Clock = std::chrono::steady_clock;
  /// What an attempt came to.
  using End = std::variant<Answer, JobVerdict>;

  asio::awaitable<void> start_some();
  void start(ClaimedJob job);
  asio::awaitable<void> carry_out(ClaimedJob job, asio::cancellation_slot cancelled);
  asio::awaitable<End> attempt(const JobRow& row, asio::cancellation_slot cancelled);
  JobVerdict judge_attempt(const std::string& id, const Failure& failure);
  asio::awaitable<void> write_down(const ClaimedJob& job, End end);
  asio::awaitable<bool> finish_job(const ClaimedJob& job, const Answer& answer);
  asio::awaitable<bool> apply_verdict(const ClaimedJob& job, const JobVerdict& verdict);
  asio::awaitable<bool> try_write_down(const ClaimedJob& job, const End& end);
  std::size_t startable(Clock::time_point now) const;

  asio::any_io_executor executor_;
  JobStore& jobs_;
  Classifier& classifier_;
  const std::function<Surroundings()> surroundings_;
  const Options options_;
  const OnJobStep on_step_;
  asio::steady_timer changed_;
  asio::steady_timer all_ended_;
  std::map<std::string, asio::cancellation_signal> running_;  ///< By the job's id.
  std::uint64_t running_bytes_ = 0;
  /// By the id of a job that isn't finished: how many of its attempts had a suspect end. Counted anew after a
  /// restart, so that in doubt a job is tried again.
  std::map<std::string, int> suspect_ends_;
  Clock::time_point last_progress_;
  /// Nothing that waits is due before it.
  Clock::time_point nothing_due_before_ = Clock::time_point::min();
  bool woken_ = false;
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
