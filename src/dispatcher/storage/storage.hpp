#pragma once

#include <memory>

#include <asio/any_io_executor.hpp>

#include "dispatcher/jobs/job_store.hpp"
#include "dispatcher/storage/storage_options.hpp"
#include "samoyed/dispatcher/history.hpp"

namespace samoyed::dispatcher {

/// What one dispatcher keeps beyond its process: the history and the jobs.
///
/// Thread rule: the thread of the executor that it was opened with. No member blocks, except the
/// destructor, which writes everything that still waits.
class Storage {
 public:
  virtual ~Storage() = default;

  /// Null if the history is turned off. The results of jobs are kept even then, as long as the
  /// jobs.
  virtual History* history() = 0;
  virtual JobStore& jobs() = 0;

  /// Removes rows and jobs beyond their retention from now on, until `stop`. Call once.
  virtual void start() = 0;
  /// Accepts no more jobs, ends their watches, and removes no more rows.
  virtual void stop() = 0;
};

/// Opens the storage that the options describe, or returns null if they name none. Another database
/// is added here. The executor's io_context must outlive the storage. Throws std::runtime_error
/// with one line that says what to do.
std::unique_ptr<Storage> open_storage(asio::any_io_executor executor,
                                      const StorageOptions& options);

}  // namespace samoyed::dispatcher
