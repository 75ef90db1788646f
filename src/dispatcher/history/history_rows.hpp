#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/history/sqlite.hpp"
#include "samoyed/dispatcher/history.hpp"

/// The queries on the history's tables. All throw StorageError. Those that change data must run
/// within a transaction.
namespace samoyed::dispatcher {

/// Cuts text and the list of labels to the limits of the history, and drops a thumbnail that is too
/// large. Text is truncated between two UTF-8 characters.
HistoryRow within_limits(HistoryRow row);
std::string cut_text(std::string text);

/// The approximate memory that a row takes, in bytes.
std::size_t held_bytes(const HistoryRow& row);

/// Inserts a row with its thumbnail, and counts it in the prepared statistics.
HistoryId insert_row(Database& database, const HistoryRow& row);
/// A row that a query for a page found. Without `row`, it is damaged.
struct FoundRow {
  HistoryId id = 0;
  std::optional<HistoryRow> row = {};
};
enum class PageSide { older, newer };

/// Number of rows of the query's page. A store looks for one more, which shows whether there are
/// more.
std::size_t page_rows_max(const HistoryQuery& query);

/// Makes the page from the rows that a store found, in the order in which it found them. `has_row`
/// returns whether the query would find a row on that side of an id.
HistoryPage make_page(std::vector<FoundRow> found, const HistoryQuery& query,
                      const std::function<bool(PageSide, HistoryId)>& has_row);

/// The statement with which `find_rows` reads a page.
std::string page_sql(const HistoryQuery& query);
/// Leaves out rows that are damaged.
HistoryPage find_rows(Database& database, const HistoryQuery& query);
/// Returns std::nullopt if the row is missing, another visitor's or damaged. Includes the thumbnail
/// if `with_thumbnail` is true.
std::optional<HistoryRow> find_row(Database& database, HistoryId id,
                                   const std::optional<std::string>& visitor, bool with_thumbnail);

/// Converts labels to JSON text, such as `[{"label":"Samoyed","class":258,"probability":0.93}]`,
/// and back.
std::string format_labels(const std::vector<protocol::RankedLabel>& top);
std::vector<protocol::RankedLabel> parse_labels(const std::string& text);

}  // namespace samoyed::dispatcher
