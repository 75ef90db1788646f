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

/// The history or the jobs failed: their disk has an error, or too many operations are waiting for
/// it. Holds one sentence for the log, which must not be shown to clients.
class StorageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Too much of the same kind is under way. Trying again in a moment may succeed.
class BusyError : public StorageError {
  using StorageError::StorageError;
};

/// What History::adopt moves: everything, or only what is from before visitors' cookies were
/// signed.
enum class Adopted : std::uint8_t { all, unsigned_only };

/// Remembers recognitions.
///
/// Thread rule: `record` may be called from any thread. The other members are awaited on the thread
/// of the history's executor, and don't block it. They throw StorageError.
class History {
 public:
  virtual ~History() = default;

  /// Accepts a row, which is written soon. Never waits. A graceful shutdown writes every accepted
  /// row. Returns false if the row was dropped because too many are waiting; `dropped` counts it.
  virtual bool record(HistoryRow row) = 0;

  /// The number of rows that were dropped, or that were accepted but never written because the disk
  /// kept failing until the shutdown.
  virtual std::uint64_t dropped() const = 0;

  /// The number of times that a row was left out because it is damaged.
  virtual std::uint64_t unreadable() const { return 0; }

  /// Returns a page without rows that are damaged.
  virtual asio::awaitable<HistoryPage> find(HistoryQuery query) = 0;

  /// One row with its thumbnail. Returns std::nullopt if it doesn't exist or belongs to another
  /// visitor. Without a visitor, any row is found.
  virtual asio::awaitable<std::optional<HistoryRow>> find_row(
      HistoryId id, std::optional<std::string> visitor) = 0;

  /// Removes all rows of a visitor that were recorded before this call, including the results of
  /// finished jobs, in pieces, so that other operations go on meanwhile. Returns the number of rows
  /// after none of them can be found any more. A removal that began and then failed is tried again
  /// each minute, and after the next start.
  virtual asio::awaitable<std::uint64_t> remove_all(std::string visitor) = 0;

  /// Gives results and jobs of the visitor `from` to the visitor `to`, an id without any. Returns
  /// true once that is durably remembered and the first ones have moved. The others follow in
  /// pieces, also after an error and after the next start. Returns false if `from` has none, or if
  /// an id that adopted them was confirmed. May go on for long while the disk is slow.
  virtual asio::awaitable<bool> adopt(std::string from, std::string to, Adopted adopted) = 0;

  /// The visitor is told the id that has adopted `from`. Before that, another call of `adopt` gives
  /// everything to another id. Never waits.
  virtual void confirm_adoption(std::string from) = 0;

  /// Returns statistics, which may be some seconds old, but contain no rows that `remove_all` had
  /// removed. Throws BusyError if too many different ones are being computed.
  virtual asio::awaitable<HistoryStatistics> statistics(HistoryStatisticsQuery query) = 0;
};

}  // namespace samoyed::dispatcher
