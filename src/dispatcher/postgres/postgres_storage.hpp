#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/libpq/pool.hpp"
#include "dispatcher/postgres/lease_keeper.hpp"
#include "dispatcher/postgres/listener.hpp"
#include "dispatcher/postgres/postgres_history.hpp"
#include "dispatcher/postgres/postgres_job_store.hpp"
#include "dispatcher/postgres/postgres_worker_table.hpp"
#include "dispatcher/postgres/retention_rows.hpp"
#include "dispatcher/postgres/row_writer.hpp"
#include "dispatcher/storage/storage.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher::postgres {

/// A database of PostgreSQL, which several dispatchers may share. Uses
/// `PostgresStorage::connections` connections.
///
/// Thread rule: the same as for Storage. Its own threads talk to the database.
class PostgresStorage final : public Storage {
 public:
  static constexpr std::size_t connections = 8;

  /// Connects, and creates the tables if they are missing. If the database can't be reached, the
  /// storage is unavailable until it can: see `problem`. Throws std::runtime_error, with one line
  /// that says what to do, if the URL can't be used or the tables are of a newer version.
  PostgresStorage(asio::any_io_executor executor, StorageOptions options);
  ~PostgresStorage() override;

  History* history() override { return options_.history.enabled ? &history_ : nullptr; }
  JobStore& jobs() override { return jobs_; }
  WorkerTable* workers() override { return &workers_; }
  std::string visitor_key() const override;
  void on_visitor_key(std::function<void()> call) override { on_visitor_key_ = std::move(call); }
  std::string problem() const override;
  StoreStatus status() const override;
  void start() override;
  void stop() override;

 private:
  Connection open() const;
  void connect_first();
  void look_for_changes();
  void read_shared_settings(Connection& connection);
  RetentionLimits retention_limits() const;
  asio::awaitable<void> rescue_periodically();
  asio::awaitable<void> rescue();
  asio::awaitable<void> look_for_snapshots();
  asio::awaitable<void> tidy_up_periodically();
  asio::awaitable<void> try_step(asio::awaitable<void> step);
  asio::awaitable<void> remove_old_rows();
  asio::awaitable<void> pause(io::Event& event, std::chrono::milliseconds length);
  void post(std::function<void()> call);

  asio::any_io_executor executor_;
  const StorageOptions options_;
  /// Lets calls that were posted to the executor find out that the storage is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::string visitor_key_;
  UnfinishedJobs found_at_start_;
  bool started_ = false;  ///< The constructor has ended.

  std::function<void()> on_visitor_key_ = [] {};
  bool stopping_ = false;
  std::uint64_t rescued_ = 0;
  std::uint64_t rescue_failed_ = 0;
  std::optional<std::chrono::milliseconds> oldest_snapshot_;
  io::Event rescue_soon_;
  io::Event tidy_up_soon_;
  LeaseKeeper keeper_;
  Pool pool_;
  Pool statistics_pool_;
  RowWriter writer_;
  PostgresHistory history_;
  PostgresJobStore jobs_;
  PostgresWorkerTable workers_;
  Listener listener_;
};

}  // namespace samoyed::dispatcher::postgres
