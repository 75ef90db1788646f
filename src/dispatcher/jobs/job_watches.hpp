#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/jobs.hpp"

namespace samoyed::dispatcher {

/// The watches of a store's jobs.
///
/// Thread rule: the same as for Jobs.
class JobWatches {
 public:
  /// Looks a job up. Throws StorageError.
  using Find = std::function<asio::awaitable<std::optional<Job>>(std::string id)>;

  /// Must outlive its watches and the coroutines that they started.
  JobWatches(asio::any_io_executor executor, std::size_t watches_max, Find find);

  /// Implements Jobs::watch.
  std::unique_ptr<JobWatch> add(std::string id);

  /// Call this after the job has changed.
  void notify(const std::string& id);

  /// Ends all watches, and each later one at once.
  void stop();

  /// The ids of the watched jobs, each once.
  std::vector<std::string> ids() const;

 private:
  class Watch;

  asio::any_io_executor executor_;
  const std::size_t watches_max_;
  const Find find_;
  std::multimap<std::string, Watch*> watches_;  ///< By the job's id.
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
