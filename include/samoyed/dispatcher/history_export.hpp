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

/// Formats `text` as a CSV cell (RFC 4180), quoted if it contains a quote, a comma or a line break.
/// Text that begins with `=`, `+`, `-`, `@`, a tab or CR gets a leading apostrophe, because a
/// spreadsheet would treat it as a formula.
std::string csv_cell(std::string_view text);

/// Formats a row as a JSON object. Invalid UTF-8 in strings is replaced:
/// `{"id":1,"time":"2026-01-31T12:00:00.000Z","file_name":"dog.jpg",...,"labels":[...],...}`.
std::string history_json(const HistoryRow& row);

/// Formats milliseconds since 1970 as `2026-01-31T12:00:00.000Z`.
std::string utc_text(std::int64_t time_ms);

}  // namespace samoyed::dispatcher
