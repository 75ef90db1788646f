#pragma once

#include <atomic>
#include <cstdint>

#include "dispatcher/history/database_thread.hpp"
#include "samoyed/dispatcher/history.hpp"

namespace samoyed::dispatcher {

/// The history in SQLite. One thread writes and another one reads concurrently (WAL), so neither
/// waits for the other, and the network thread waits for neither.
///
/// Thread rule: the same as for History.
class SqliteHistory final : public History {
 public:
  /// Both must outlive the history and every coroutine that it started.
  SqliteHistory(DatabaseThread& writer, DatabaseThread& reader)
      : writer_(writer), reader_(reader) {}

  bool record(HistoryRow row) override;
  std::uint64_t dropped() const override { return dropped_ + writer_.lost(); }
  std::uint64_t unreadable() const override { return unreadable_; }
  asio::awaitable<HistoryPage> find(HistoryQuery query) override;
  asio::awaitable<std::optional<HistoryRow>> find_row(HistoryId id,
                                                      std::optional<std::string> visitor) override;
  asio::awaitable<std::uint64_t> remove_all(std::string visitor) override;
  asio::awaitable<bool> adopt(std::string from, std::string to, Adopted adopted) override;
  asio::awaitable<HistoryStatistics> statistics(HistoryStatisticsQuery query) override;

 private:
  DatabaseThread& writer_;
  DatabaseThread& reader_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> unreadable_ = 0;
};

}  // namespace samoyed::dispatcher
