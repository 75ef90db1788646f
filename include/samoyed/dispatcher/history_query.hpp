#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

/// Rows of one page.
inline constexpr std::size_t history_page_rows_max = 200;

/// Which rows are wanted. They are returned newest first.
struct HistoryQuery {
  /// Only this visitor's rows. std::nullopt: everyone's, for the operator.
  std::optional<std::string> visitor = std::nullopt;
  /// Only rows with a smaller id. Pass the last id of the previous page.
  std::optional<HistoryId> before = std::nullopt;
  /// The oldest rows with a larger id. Pass the first id of the following page. Not with `before`.
  std::optional<HistoryId> after = std::nullopt;
  /// Capped at `history_page_rows_max`.
  std::size_t rows_max = 50;
};

/// One page of rows. An export requests page after page with `next_before` until there is none: it
/// needs memory for one page only, and new rows don't disturb it.
struct HistoryPage {
  std::vector<HistoryRow> rows;
  /// For the next query's `before`; std::nullopt after the last row.
  std::optional<HistoryId> next_before = std::nullopt;
  /// For the next query's `after`; std::nullopt if no rows are newer.
  std::optional<HistoryId> next_after = std::nullopt;

  bool operator==(const HistoryPage&) const = default;
};

}  // namespace samoyed::dispatcher
