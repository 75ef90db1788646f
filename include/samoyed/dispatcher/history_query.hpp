#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

/// Rows of one answer.
inline constexpr std::size_t history_page_rows_max = 200;

/// Which rows are wanted. They are given newest first.
struct HistoryQuery {
  /// Whose; nothing: everyone's, for the operator.
  std::optional<std::string> visitor = std::nullopt;
  /// Only rows with a smaller id: the last id of the page before.
  std::optional<HistoryId> before = std::nullopt;
  /// Only rows with a larger id, and of these the oldest: the first id of the page behind. Not with `before`.
  std::optional<HistoryId> after = std::nullopt;
  /// More than `history_page_rows_max` are never given.
  std::size_t rows_max = 50;
};

/// A part of the rows. An export asks for one after the other with `next_before` until there is none:
/// so it takes no more memory than one page, and rows that come meanwhile don't disturb it.
struct HistoryPage {
  std::vector<HistoryRow> rows;
  /// For the query's `before`; nothing after the last row.
  std::optional<HistoryId> next_before = std::nullopt;
  /// For the query's `after`; nothing where no rows are newer.
  std::optional<HistoryId> next_after = std::nullopt;

  bool operator==(const HistoryPage&) const = default;
};

}  // namespace samoyed::dispatcher
