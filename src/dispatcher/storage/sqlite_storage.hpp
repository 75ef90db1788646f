#pragma once

#include <vector>

#include "dispatcher/durable_file.hpp"
#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/history/retention.hpp"
#include "dispatcher/history/sqlite_history.hpp"
#include "dispatcher/jobs/sqlite_job_store.hpp"
#include "dispatcher/storage/storage.hpp"

namespace samoyed::dispatcher {

/// A data folder: an SQLite file and a spool of images, locked against other dispatchers.
///
/// Thread rule: the same as for Storage. Its own threads access the disk.
class SqliteStorage final : public Storage {
 public:
  /// Opens the folder, or creates it if it is missing, and locks it. Throws std::runtime_error with
  /// one line that says what to do.
  SqliteStorage(asio::any_io_executor executor, StorageOptions options);
  ~SqliteStorage() override;

  History* history() override { return options_.history.enabled ? &history_ : nullptr; }
  JobStore& jobs() override { return jobs_; }
  std::string visitor_key() const override;
  void start() override;
  void stop() override;

 private:
  std::vector<Retention::Step> retention_steps() const;

  asio::any_io_executor executor_;
  const StorageOptions options_;
  DurableFile lock_;
  Spool spool_;
  Jobs::Load recovered_;
  DatabaseThread writer_;
  DatabaseThread reader_;
  SqliteHistory history_;
  SqliteJobStore jobs_;
  Retention retention_;
};

}  // namespace samoyed::dispatcher
