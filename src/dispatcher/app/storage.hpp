#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/durable_file.hpp"
#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/history/retention.hpp"
#include "dispatcher/history/sqlite_history.hpp"
#include "dispatcher/jobs/sqlite_job_store.hpp"
#include "dispatcher/jobs/interactive_classifier.hpp"
#include "dispatcher/jobs/job_runner.hpp"
#include "samoyed/dispatcher/history_options.hpp"
#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::dispatcher {

/// What a dispatcher keeps, and for how long.
struct StorageOptions {
  /// Holds `history.sqlite` and `spool/`; empty: neither a history nor jobs.
  std::filesystem::path folder;
  HistoryOptions history;
  JobsOptions jobs;
  JobRunner::Options runner;
};

/// The data folder of one dispatcher: the history, the jobs, who carries them out, and who removes what is
/// too old.
///
/// Thread rule: the thread of the executor; the disk's work is done by threads of its own.
class Storage {
 public:
  /// Opens the folder, makes it if it is missing, and locks it against other dispatchers. Throws
  /// std::runtime_error in one line that says what to do. The references must outlive the storage;
  /// `interactive` is told when to wake the jobs.
  Storage(asio::any_io_executor executor, StorageOptions options, Classifier& classifier,
          InteractiveClassifier& interactive, const WorkerList& workers);
  ~Storage();

  /// Nothing with the history turned off; the jobs' results are kept all the same, as long as the jobs.
  History* history() { return options_.history.enabled ? &history_ : nullptr; }
  Jobs& jobs() { return jobs_; }

  /// Until `stop`: carries jobs out and removes what is too old.
  void start();
  /// A worker came or went.
  void wake() { runner_.wake(); }
  /// Takes no more jobs, and puts back what runs.
  void stop();
  /// Waits until nothing runs, but not beyond `deadline`.
  asio::awaitable<void> finish(std::chrono::steady_clock::time_point deadline);

 private:
  std::vector<Retention::Step> retention_steps() const;

  asio::any_io_executor executor_;
  const StorageOptions options_;
  InteractiveClassifier& interactive_;
  DurableFile lock_;
  Spool spool_;
  Jobs::Load recovered_;
  DatabaseThread writer_;
  DatabaseThread reader_;
  SqliteHistory history_;
  SqliteJobStore jobs_;
  JobRunner runner_;
  Retention retention_;
};

}  // namespace samoyed::dispatcher
