#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/libpq/pool.hpp"
#include "dispatcher/storage/worker_table.hpp"

namespace samoyed::dispatcher::postgres {

/// The list of workers in PostgreSQL.
///
/// Thread rule: the same as for Storage.
class PostgresWorkerTable final : public WorkerTable {
 public:
  /// `name` is this dispatcher's. `notify_others` is called after changes were written. The pool
  /// must outlive the table.
  PostgresWorkerTable(Pool& pool, std::string name, std::function<void()> notify_others)
      : pool_(pool), name_(std::move(name)), notify_others_(std::move(notify_others)) {}

  asio::awaitable<Listings> exchange(std::vector<ListingChange> changes) override;
  void on_changed(std::function<void()> call) override { on_changed_ = std::move(call); }

  /// Another dispatcher has notified this one.
  void notified() { on_changed_(); }

 private:
  Pool& pool_;
  const std::string name_;
  const std::function<void()> notify_others_;
  std::function<void()> on_changed_ = [] {};
};

}  // namespace samoyed::dispatcher::postgres
