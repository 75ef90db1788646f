#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/history_query.hpp"
#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/history_statistics.hpp"

namespace samoyed::dispatcher {

/// What a history or jobs could not do: their disk failed, or too much waits for it. One sentence for
/// the log; nothing in it is meant for a stranger.
class StorageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Remembers what was recognised.
///
/// Thread rule: `record` may be called from any thread; the others are awaited on the thread of the
/// executor that the history was made with, and none blocks it. They throw StorageError.
class History {
 public:
  virtual ~History() = default;

  /// Takes a row, to be written soon: never waits, and a graceful end loses no row that was taken. False
  /// if it was dropped since too many wait already; the drop is counted.
  virtual bool record(HistoryRow row) = 0;

  /// Rows that were dropped, or taken and then not written since the disk failed until the end.
  virtual std::uint64_t dropped() const = 0;

  virtual asio::awaitable<HistoryPage> find(HistoryQuery query) = 0;

  /// One row with its thumbnail; nothing if there is none, or if it is another visitor's. Without a
  /// visitor anybody's.
  virtual asio::awaitable<std::optional<HistoryRow>> find_row(
      HistoryId id, std::optional<std::string> visitor) = 0;

  /// Forgets all rows of a visitor, those that were recorded before this call included, and the results
  /// of finished jobs among them. The number of rows.
  virtual asio::awaitable<std::uint64_t> remove_all(std::string visitor) = 0;

  virtual asio::awaitable<HistoryStatistics> statistics(HistoryStatisticsQuery query) = 0;
};

}  // namespace samoyed::dispatcher
