#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/durable_file.hpp"
#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/history/retention.hpp"
#include "dispatcher/history/sqlite_history.hpp"
#include "dispatcher/jobs/sqlite_job_store.hpp"
#include "dispatcher/storage/reserve_file.hpp"
#include "dispatcher/storage/storage.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// A data folder: an SQLite file and a spool of images, locked against other dispatchers.
///
/// Thread rule: the same as for Storage. Its own threads access the disk.
class SqliteStorage final : public Storage {
 public:
  /// Opens the folder, or creates it if it is missing, and locks it. If the database is damaged, or
  /// can't be read or written, the storage is unavailable until that has changed: see `problem`.
  /// Throws std::runtime_error with one line that says what to do.
  SqliteStorage(asio::any_io_executor executor, StorageOptions options);
  ~SqliteStorage() override;

  History* history() override { return options_.history.enabled ? &history_ : nullptr; }
  JobStore& jobs() override { return jobs_; }
  std::string visitor_key() const override;
  std::string problem() const override;
  StoreStatus status() const override;
  void start() override;
  void stop() override;

 private:
  asio::awaitable<void> watch_queue();
  std::vector<Retention::Step> retention_steps() const;
  std::filesystem::path file() const { return options_.folder / "history.sqlite"; }
  Database open_database();
  void create_database() const;
  void refuse_emptied();
  void remove_stale_log() const;

  asio::any_io_executor executor_;
  const StorageOptions options_;
  DurableFile lock_;
  Spool spool_;
  ReserveFile reserve_;
  /// The images that the start found without their final name.
  const std::vector<std::string> interrupted_ = spool_.incomplete_ids();
  UnfinishedJobs recovered_;
  /// The database that was open last. Used where the writer opens it.
  Database::FileId opened_;
  Database::FileId opened_log_;
  bool emptied_ = false;  ///< It was emptied. What is in the file later is another one.
  bool starting_ = true;  ///< The constructor is opening the database.
  /// Lets calls that were posted to the executor find out that the storage is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  DatabaseThread writer_;
  DatabaseThread reader_;
  DatabaseThread statistics_reader_;
  SqliteHistory history_;
  SqliteJobStore jobs_;
  Retention retention_;
  bool stopping_ = false;
  io::Event watch_soon_;
  /// When the oldest waiting job was submitted, as it was found last.
  std::optional<std::int64_t> oldest_waiting_ms_;
};

}  // namespace samoyed::dispatcher
