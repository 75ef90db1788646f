#pragma once

#include <atomic>
#include <cstdint>

#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/history/shared_statistics.hpp"
#include "samoyed/dispatcher/history.hpp"

namespace samoyed::dispatcher {

/// The history in SQLite. One thread writes, another one reads concurrently (WAL), and a third one
/// reads for statistics, which take longer. So none waits for another, and the network thread waits
/// for none.
///
/// Thread rule: the same as for History.
class SqliteHistory final : public History {
 public:
  /// All must outlive the history, and it must outlive every coroutine that it started.
  SqliteHistory(DatabaseThread& writer, DatabaseThread& reader, DatabaseThread& statistics_reader);

  bool record(HistoryRow row) override;
  std::uint64_t dropped() const override { return dropped_ + writer_.lost(); }
  std::uint64_t unreadable() const override { return unreadable_; }
  asio::awaitable<HistoryPage> find(HistoryQuery query) override;
  asio::awaitable<std::optional<HistoryRow>> find_row(HistoryId id,
                                                      std::optional<std::string> visitor) override;
  asio::awaitable<std::uint64_t> remove_all(std::string visitor) override;
  asio::awaitable<bool> adopt(std::string from, std::string to, Adopted adopted) override;
  void confirm_adoption(std::string from) override;
  asio::awaitable<HistoryStatistics> statistics(HistoryStatisticsQuery query) override;

  /// Ends what goes on in the background, which the next start continues.
  void stop() { stopping_ = true; }

 private:
  asio::awaitable<void> finish_adoptions();
  asio::awaitable<HistoryStatistics> compute(HistoryStatisticsQuery query);

  DatabaseThread& writer_;
  DatabaseThread& reader_;
  DatabaseThread& statistics_reader_;
  SharedStatistics statistics_;
  bool adopting_ = false;  ///< `finish_adoptions` is running.
  bool stopping_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> unreadable_ = 0;
};

}  // namespace samoyed::dispatcher
