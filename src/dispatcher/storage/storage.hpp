#pragma once

#include <functional>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>

#include "dispatcher/jobs/job_store.hpp"
#include "dispatcher/storage/storage_options.hpp"
#include "dispatcher/storage/worker_table.hpp"
#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/store_status.hpp"

namespace samoyed::dispatcher {

/// What a dispatcher keeps across restarts: the history and the jobs.
///
/// Thread rule: the thread of the executor that it was opened with. No member blocks, except the
/// destructor, which writes everything that is still waiting.
class Storage {
 public:
  virtual ~Storage() = default;

  /// Null if the history is turned off. Even then, the results of jobs are kept for as long as the
  /// jobs themselves.
  virtual History* history() = 0;
  virtual JobStore& jobs() = 0;

  /// Null if no other dispatcher can share the storage.
  virtual WorkerTable* workers() { return nullptr; }

  /// Reads the key that signs visitors' cookies, or creates it. Throws std::runtime_error with one
  /// line that says what to do.
  virtual std::string visitor_key() const = 0;
  /// `call` is called when the key has become known after `visitor_key` failed, if that can happen
  /// without anybody's doing.
  virtual void on_visitor_key(std::function<void()>) {}

  /// Why history and jobs are unavailable now, in one sentence for the log; empty if they are
  /// available. They then throw StorageError, and rows to record wait in memory. May be called from
  /// any thread.
  virtual std::string problem() const = 0;
  /// For operators. Looks at nothing that takes time.
  virtual StoreStatus status() const = 0;

  /// Starts to remove rows and jobs past their retention, until `stop`. Call once.
  virtual void start() = 0;
  /// Accepts no more jobs, ends their watches, and removes no more rows.
  virtual void stop() = 0;
};

/// Opens the folder that the options name, or returns null if they name none. The executor's
/// io_context must outlive the storage. Throws std::runtime_error with one line that says what to
/// do.
std::unique_ptr<Storage> open_storage(asio::any_io_executor executor,
                                      const StorageOptions& options);

}  // namespace samoyed::dispatcher
