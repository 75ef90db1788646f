#pragma once

#include <atomic>
#include <cstdint>

#include "dispatcher/history/shared_statistics.hpp"
#include "dispatcher/libpq/pool.hpp"
#include "dispatcher/postgres/row_writer.hpp"
#include "samoyed/dispatcher/history.hpp"

namespace samoyed::dispatcher::postgres {

/// The history in PostgreSQL.
///
/// Ids are given when rows are written, and several dispatchers write at the same time. So a page
/// of newer rows (`HistoryQuery::after`) may miss a row that another dispatcher is writing just
/// then; it appears in the page of older rows. `remove_all` removes rows that this dispatcher
/// recorded before, and those that others had written.
///
/// Thread rule: the same as for History.
class PostgresHistory final : public History {
 public:
  /// All must outlive the history, and it must outlive every coroutine that it started.
  PostgresHistory(RowWriter& writer, Pool& pool, Pool& statistics_pool);

  bool record(HistoryRow row) override;
  std::uint64_t dropped() const override { return dropped_ + writer_.lost(); }
  std::uint64_t unreadable() const override { return unreadable_; }
  asio::awaitable<HistoryPage> find(HistoryQuery query) override;
  asio::awaitable<std::optional<HistoryRow>> find_row(HistoryId id,
                                                      std::optional<std::string> visitor) override;
  asio::awaitable<std::uint64_t> remove_all(std::string visitor) override;
  /// A store in PostgreSQL has no rows from before cookies were signed.
  asio::awaitable<bool> adopt(std::string from, std::string to, Adopted adopted) override;
  void confirm_adoption(std::string from) override;
  asio::awaitable<HistoryStatistics> statistics(HistoryStatisticsQuery query) override;

  // The next two functions go on, until `stop`, with what was interrupted here or at another
  // dispatcher. They throw StorageError.
  asio::awaitable<void> resume_removals();
  asio::awaitable<void> resume_adoptions();
  /// Ends what goes on in the background, which any dispatcher continues.
  void stop() { stopping_ = true; }

 private:
  asio::awaitable<void> finish_adoptions();
  asio::awaitable<HistoryStatistics> compute(HistoryStatisticsQuery query);

  RowWriter& writer_;
  Pool& pool_;
  Pool& statistics_pool_;
  SharedStatistics statistics_;
  bool adopting_ = false;  ///< `finish_adoptions` is running.
  bool stopping_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> unreadable_ = 0;
};

}  // namespace samoyed::dispatcher::postgres
