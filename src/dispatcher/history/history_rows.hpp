#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dispatcher/history/sqlite.hpp"
#include "samoyed/dispatcher/history.hpp"

/// The queries on the tables of the history. All throw StorageError; those that change something
/// must run within a transaction.
namespace samoyed::dispatcher {

/// Cuts texts, labels and thumbnails to the limits of the history. Texts are cut between two UTF-8
/// characters.
HistoryRow within_limits(HistoryRow row);
std::string cut_text(std::string text);

/// The approximate memory of a row, in bytes.
std::size_t held_bytes(const HistoryRow& row);

HistoryId insert_row(Database& database, const HistoryRow& row);
HistoryPage find_rows(Database& database, const HistoryQuery& query);
/// With its thumbnail if `with_thumbnail`.
std::optional<HistoryRow> find_row(Database& database, HistoryId id,
                                   const std::optional<std::string>& visitor, bool with_thumbnail);

/// Removes the visitor's rows and finished jobs. Returns the number of rows.
std::uint64_t remove_visitor(Database& database, const std::string& visitor);

/// Removes rows recorded before `before_ms`, and the oldest rows beyond `rows_max`, but at most
/// `count`. Returns how many it removed: fewer than `count` if none are left to remove.
std::uint64_t remove_old_rows(Database& database, std::int64_t before_ms, std::uint64_t rows_max,
                              std::size_t count);

/// Counts the rows of the interval, newest first, up to `HistoryStatistics::rows_max`.
HistoryStatistics count_rows(Database& database, const HistoryStatisticsQuery& query);

/// Labels as JSON text: `[{"label":"Samoyed","class":258,"probability":0.93}]`; and back.
std::string format_labels(const std::vector<protocol::RankedLabel>& top);
std::vector<protocol::RankedLabel> parse_labels(const std::string& text);

}  // namespace samoyed::dispatcher
