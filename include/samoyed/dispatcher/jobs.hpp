#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/job.hpp"

namespace samoyed::dispatcher {

/// Follows one job. Keeps no more than the fact that something changed: whoever is slow is told of the
/// latest state only.
class JobWatch {
 public:
  virtual ~JobWatch() = default;

  /// The job as it is now if that was not given yet: at once the first time, later when it changes.
  /// Nothing if it didn't change until that time, or nothing can come any more (`ended`). One call at a time.
  /// Throws StorageError.
  virtual asio::awaitable<std::optional<Job>> next(std::chrono::steady_clock::time_point until) = 0;

  /// The last state was given, there is no such job, or the dispatcher ends.
  virtual bool ended() const = 0;
};

/// Images that wait on the disk for a free worker: a job that was submitted survives every crash.
///
/// Thread rule: all members are called and awaited on the thread of the executor that the jobs were made
/// with, and none blocks it.
class Jobs {
 public:
  virtual ~Jobs() = default;

  /// Returns ids once the images and their jobs are on the disk for good. Throws nothing of its own.
  virtual asio::awaitable<Submitted> submit(JobRequest request) = 0;

  /// Nothing if there is no such job, or not any more. Throws StorageError.
  virtual asio::awaitable<std::optional<Job>> find(std::string id) = 0;

  /// Fails a waiting or running job with the reason `cancelled`. False if there is no such job or it is
  /// finished. Throws StorageError.
  virtual asio::awaitable<bool> cancel(std::string id) = 0;

  /// Nothing where too many watch already. Must not outlive the jobs.
  virtual std::unique_ptr<JobWatch> watch(std::string id) = 0;

  /// Images that wait or run, and their bytes.
  struct Load {
    std::size_t waiting = 0;
    std::size_t running = 0;
    std::uint64_t bytes = 0;

    bool operator==(const Load&) const = default;
  };
  virtual Load load() const = 0;
};

}  // namespace samoyed::dispatcher
