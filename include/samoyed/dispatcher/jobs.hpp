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

/// Follows one job. It remembers only that something changed, so a slow watcher gets only the
/// latest state.
class JobWatch {
 public:
  virtual ~JobWatch() = default;

  /// Returns the job immediately the first time, and later whenever it changes. Returns
  /// std::nullopt if it didn't change before `until`, or if no change can follow (`ended`). Only
  /// one call may be in progress at a time. Throws StorageError.
  virtual asio::awaitable<std::optional<Job>> next(std::chrono::steady_clock::time_point until) = 0;

  /// True once the last state was returned, the job doesn't exist, or the dispatcher is shutting
  /// down.
  virtual bool ended() const = 0;
};

/// Images that wait on disk for a free worker. A submitted job survives every crash.
///
/// Thread rule: all members are called and awaited on the thread of the jobs' executor, and don't
/// block it.
class Jobs {
 public:
  virtual ~Jobs() = default;

  /// Returns the ids once the images and their jobs are durably on disk. Reports failures as a
  /// SubmitError and throws no exceptions of its own.
  virtual asio::awaitable<Submitted> submit(JobRequest request) = 0;

  /// Returns std::nullopt if the job doesn't exist or was forgotten. Throws StorageError.
  virtual asio::awaitable<std::optional<Job>> find(std::string id) = 0;

  /// Fails a waiting or running job with the reason `cancelled`. Returns false if the job doesn't
  /// exist or is finished. Throws StorageError.
  virtual asio::awaitable<bool> cancel(std::string id) = 0;

  /// Returns null if there are already too many watches. A watch must not outlive the jobs.
  virtual std::unique_ptr<JobWatch> watch(std::string id) = 0;

  /// The number of unfinished jobs, and the bytes of their images.
  struct Load {
    std::size_t waiting = 0;
    std::size_t running = 0;
    std::uint64_t bytes = 0;

    bool operator==(const Load&) const = default;
  };
  virtual Load load() const = 0;
};

}  // namespace samoyed::dispatcher
