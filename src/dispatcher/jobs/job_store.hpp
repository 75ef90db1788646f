#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/jobs.hpp"
#include "samoyed/protocol/encoded_image.hpp"

namespace samoyed::dispatcher {

/// A job with everything that is needed to carry it out.
struct JobRow {
  /// Without a result.
  Job job;
  std::string visitor;
  std::string client;
  std::string request_id;
  std::optional<int> top;
  std::string model;
  std::optional<int> thumbnail_side;
  /// Jobs are claimed in the order of their turns (client_jobs.hpp).
  std::int64_t turn = 0;
};

/// Identifies one claim of a job, as a fencing token. It becomes stale when the job is canceled,
/// put back or ended, when the dispatcher restarts, and when its lease ends. A stale token changes
/// nothing.
struct ClaimToken {
  std::string job_id;
  /// Random, one for each opened store.
  std::string owner;
  /// The number of this claim among all claims of the job, from 1. It never decreases, unlike
  /// `Job::attempts`, which leaves out attempts that were stopped early.
  std::int64_t attempt = 0;

  bool operator==(const ClaimToken&) const = default;
};

struct ClaimedJob {
  JobRow row;
  ClaimToken token;
  /// How many attempts ended in a way that the image may have caused, as far as the store knows.
  int suspect_ends = 0;
};

struct ClaimedJobs {
  std::vector<ClaimedJob> jobs;
  /// When the next waiting job becomes due, in milliseconds since 1970; std::nullopt if none waits.
  std::optional<std::int64_t> next_due_ms;
};

/// Why a job failed, or why its last attempt put it back.
struct JobError {
  /// A reason code from REASONS.md, `image_lost` or `cancelled`.
  std::string reason;
  /// A sentence for people.
  std::string detail;
};

/// How a job is put back.
struct JobRetry {
  JobError error = {};
  /// The time from now until the job is due again.
  std::chrono::milliseconds pause{0};
  /// False if the attempt was stopped early, so that it doesn't count.
  bool counted = true;
  /// True if the image may have caused the end of the attempt. A store that several dispatchers
  /// share counts that.
  bool suspect = false;
};

/// Keeps jobs and their images, and hands out the jobs to carry out.
///
///     claim -- token --> finish | fail | put_back      true: written; false: the token was stale
///
/// A claim lasts until its token is used, the job is canceled, or the dispatcher restarts. Callers
/// don't renew it: either the store belongs to one dispatcher at a time, or it renews a lease of
/// its own and calls `on_cancelled` if that fails.
///
/// Thread rule: the same as for Jobs. The members below throw StorageError; then nothing was
/// changed.
class JobStore : public Jobs {
 public:
  /// Claims at most `count` waiting jobs that are due, in the order of their turns. Stops before
  /// the images of the claimed jobs exceed `bytes_max` bytes in total, but always claims the first
  /// job.
  virtual asio::awaitable<ClaimedJobs> claim(std::size_t count, std::uint64_t bytes_max) = 0;

  /// The image's bytes, encoded for the wire; null if the image is missing. Throws
  /// std::system_error if it can't be read.
  virtual asio::awaitable<std::shared_ptr<const protocol::EncodedImage>> image(std::string id) = 0;

  // The next three functions end the claim. If the token is stale, they change nothing and return
  // false.

  /// Records the result and marks the job as done, in one transaction.
  virtual asio::awaitable<bool> finish(ClaimToken token, HistoryRow result) = 0;
  virtual asio::awaitable<bool> fail(ClaimToken token, JobError error) = 0;
  /// Makes the job wait again.
  virtual asio::awaitable<bool> put_back(ClaimToken token, JobRetry retry) = 0;

  /// `call` is called after jobs were submitted, here or at another dispatcher.
  virtual void on_submitted(std::function<void()> call) = 0;
  /// `call` is called with a job's id after the job was canceled, or its claim was lost. It may be
  /// called again.
  virtual void on_cancelled(std::function<void(const std::string&)> call) = 0;
};

}  // namespace samoyed::dispatcher
