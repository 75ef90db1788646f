#pragma once

#include <string>
#include <string_view>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

/// The first record of a CSV export, with its CRLF: `time,file_name,image_bytes,...`.
std::string history_csv_header();

/// Formats a row as an RFC 4180 record, with its CRLF. Safe to open in a spreadsheet: see
/// `csv_cell`.
std::string history_csv_row(const HistoryRow& row);

/// Formats `text` as a quoted CSV cell (RFC 4180) of valid UTF-8 without control characters, which
/// become U+FFFD. Where a spreadsheet would see a formula, an apostrophe makes it text: at the
/// start and after each `;`, because some spreadsheets separate cells there, whatever is quoted.
std::string csv_cell(std::string_view text);

/// Formats a row as a JSON object. Invalid UTF-8 in strings is replaced, and characters that a
/// terminal obeys are escaped:
/// `{"id":1,"time":"2026-01-31T12:00:00.000Z","file_name":"dog.jpg",...,"labels":[...],...}`.
/// `thumbnail` is the address of the row's thumbnail, if it has one.
std::string history_json(const HistoryRow& row, const std::string& thumbnail);

/// Formats milliseconds since 1970 as `2026-01-31T12:00:00.000Z`.
std::string utc_text(std::int64_t time_ms);

}  // namespace samoyed::dispatcher
