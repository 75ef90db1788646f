#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "dispatcher/history/interval_totals.hpp"
#include "dispatcher/history/sqlite.hpp"
#include "samoyed/dispatcher/history_statistics.hpp"

/// The queries of statistics. All throw StorageError. Those that change data must run within a
/// transaction.
namespace samoyed::dispatcher {

/// Changes of the prepared statistics (the table `interval_statistics`), which are collected and
/// then written together: rows that follow each other mostly belong to the same entries.
class StatisticsChanges {
 public:
  /// Counts a row that is added to the history (`change` is 1) or removed from it (-1).
  void count(const CountedRow& row, std::int64_t change);
  /// Counts a row that passes from the visitor `from` to `row.visitor`.
  void count_move(const CountedRow& row, const std::string& from);
  /// Forgets the changes after it has written them or, if the transaction collects changes, added
  /// them to its batch.
  void apply(Database& database);
  /// Writes the changes, and forgets them.
  void write(Database& database);

 private:
  std::map<IntervalKey, IntervalTotals> changes_;
};

/// While it exists, transactions of the database collect their changes of the prepared statistics.
/// So an entry is read and written once for all rows of a transaction, instead of once for each
/// row. Whoever commits calls `write` before. Without that, the changes are forgotten.
class StatisticsBatch {
 public:
  /// `database` must outlive the batch, and have no other one.
  explicit StatisticsBatch(Database& database) : database_(database) {
    database_.set_statistics_batch(&changes_);
  }
  ~StatisticsBatch() { database_.set_statistics_batch(nullptr); }
  StatisticsBatch(const StatisticsBatch&) = delete;
  StatisticsBatch& operator=(const StatisticsBatch&) = delete;

  void write() { changes_.write(database_); }

 private:
  Database& database_;
  StatisticsChanges changes_;
};

/// Removes rows with their thumbnails, also from the prepared statistics. Ids without a row are
/// ignored.
void remove_rows(Database& database, std::span<const HistoryId> ids);

/// Gives at most `count` rows of the visitor `from` to the visitor `to`, also in the prepared
/// statistics. `condition` is SQL that may use `?2` for `from`. Returns the number of rows.
std::uint64_t move_rows(Database& database, const std::string& from, const std::string& to,
                        const std::string& condition, std::size_t count);

/// Remembers that the statistics of all rows have yet to be prepared. Changes of these rows don't
/// change the prepared statistics until then.
void prepare_statistics_later(Database& database);

/// The most rows whose statistics are prepared in one transaction, which takes some 50 ms.
inline constexpr std::size_t prepared_rows_max = 1000;

/// Prepares the statistics of the newest `count` rows that have none yet. Returns false if no more
/// are left.
bool prepare_statistics(Database& database, std::size_t count);

/// Answers a query: from the prepared statistics if its buckets consist of whole intervals, and
/// otherwise from the rows of its time, newest first, up to `HistoryStatistics::rows_max`. Reads
/// in one transaction.
HistoryStatistics find_statistics(Database& database, const HistoryStatisticsQuery& query);

}  // namespace samoyed::dispatcher
