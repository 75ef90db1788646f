#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dispatcher/libpq/connection.hpp"
#include "samoyed/dispatcher/history.hpp"

/// The statements on the table of recognitions. All throw StorageError.
namespace samoyed::dispatcher::postgres {

/// The columns of a recognition except the visitor, and their values with types: `$first` and so
/// on, as `add_recognition` adds them.
extern const std::string recognition_columns;
std::string recognition_values(int first);
/// The number of those values.
inline constexpr int recognition_values_count = 19;
void add_recognition(Params& params, const HistoryRow& row);

/// Inserts a row with its thumbnail.
void insert_row(Connection& connection, const HistoryRow& row);

/// Leaves out rows that are damaged.
HistoryPage find_rows(Connection& connection, const HistoryQuery& query);

/// Returns std::nullopt if the row is missing, another visitor's or damaged. Includes the thumbnail
/// if `with_thumbnail` is true.
std::optional<HistoryRow> find_row(Connection& connection, HistoryId id,
                                   const std::optional<std::string>& visitor, bool with_thumbnail);

}  // namespace samoyed::dispatcher::postgres
