#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

/// The most rows that a page can have.
inline constexpr std::size_t history_page_rows_max = 200;

/// Which rows to return. They are returned newest first.
struct HistoryQuery {
  /// Only this visitor's rows. std::nullopt: everyone's rows, for the operator.
  std::optional<std::string> visitor = std::nullopt;
  /// Only rows of the model of this name. std::nullopt: of all models.
  std::optional<std::string> model = std::nullopt;
  /// Only rows with a smaller id. To get the next older page, pass the last id of this page.
  std::optional<HistoryId> before = std::nullopt;
  /// Only the oldest rows with a larger id. To get the next newer page, pass the first id of this
  /// page. Can't be combined with `before`.
  std::optional<HistoryId> after = std::nullopt;
  /// Capped at `history_page_rows_max`.
  std::size_t rows_max = 50;
};

/// One page of rows. An export requests page after page with `next_before` until there is none: it
/// needs memory for one page only, and new rows don't disturb it.
struct HistoryPage {
  std::vector<HistoryRow> rows;
  /// Pass it as the next query's `before`. std::nullopt if no rows are older.
  std::optional<HistoryId> next_before = std::nullopt;
  /// Pass it as the next query's `after`. std::nullopt if no rows are newer.
  std::optional<HistoryId> next_after = std::nullopt;
  /// The number of rows that were left out because they are damaged.
  std::size_t unreadable = 0;

  bool operator==(const HistoryPage&) const = default;
};

}  // namespace samoyed::dispatcher
