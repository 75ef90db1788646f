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

#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/job.hpp"

namespace samoyed::dispatcher {

/// One image of a request: the whole file.
struct JobImage {
  std::string file_name;
  /// Empty if the image isn't in memory.
  std::string bytes = {};
  /// Returns the bytes of an image that isn't in memory, whose number is `unread_bytes`. Throws
  /// std::system_error. Null otherwise.
  std::function<asio::awaitable<std::string>()> read = nullptr;
  std::uint64_t unread_bytes = 0;

  std::uint64_t size() const { return read ? unread_bytes : bytes.size(); }
};

/// Images to recognize, and who submits them. Text is truncated to the limits of the history.
struct JobRequest {
  std::vector<JobImage> images;
  std::string visitor = {};
  std::string client = {};
  std::string request_id = {};
  /// The number of labels to return, at most `history_labels_max`. std::nullopt: five.
  std::optional<int> top = std::nullopt;
  /// The name of the model that must answer; empty for any.
  std::string model = {};
  std::optional<int> thumbnail_side = std::nullopt;
};

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

  /// Returns the ids once the images and their jobs are durably on disk. If one image can't be read
  /// or stored, or there is no room for all, none becomes a job. Reports failures as a SubmitError
  /// and throws no exceptions of its own.
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
