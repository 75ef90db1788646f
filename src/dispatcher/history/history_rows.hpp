#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dispatcher/history/sqlite.hpp"
#include "samoyed/dispatcher/history.hpp"

/// What the history asks of its tables. All throw StorageError; those that change something are to
/// run within a transaction.
namespace samoyed::dispatcher {

/// Cuts what is longer than the history keeps: texts between two characters of UTF-8, labels, thumbnails.
HistoryRow within_limits(HistoryRow row);
std::string cut_text(std::string text);

/// Memory that a row takes, about.
std::size_t held_bytes(const HistoryRow& row);

HistoryId insert_row(Database& database, const HistoryRow& row);
HistoryPage find_rows(Database& database, const HistoryQuery& query);
/// With its thumbnail if `with_thumbnail`.
std::optional<HistoryRow> find_row(Database& database, HistoryId id,
                                   const std::optional<std::string>& visitor, bool with_thumbnail);

/// The visitor's rows and finished jobs. The number of rows.
std::uint64_t remove_visitor(Database& database, const std::string& visitor);

/// Removes rows recorded before that time and the oldest of more than `rows_max`, but at most `count`. The
/// number of rows removed: less than `count` when none are left to remove.
std::uint64_t remove_old_rows(Database& database, std::int64_t before_ms, std::uint64_t rows_max,
                              std::size_t count);

/// Rows of the time, newest first, no more than `HistoryStatistics::rows_max` of them counted.
HistoryStatistics count_rows(Database& database, const HistoryStatisticsQuery& query);

/// Labels as JSON text: `[{"label":"Samoyed","class":258,"probability":0.93}]`; and back.
std::string format_labels(const std::vector<protocol::RankedLabel>& top);
std::vector<protocol::RankedLabel> parse_labels(const std::string& text);

}  // namespace samoyed::dispatcher
