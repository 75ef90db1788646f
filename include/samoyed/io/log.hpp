#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <spdlog/common.h>

#include "samoyed/io/log_format.hpp"

namespace samoyed::io {

/// An additional field of a log line. In the JSON format it is a member of the line's object.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};
using LogFields = std::span<const LogField>;

/// The field that all lines of one request share. It is the only field that the text format shows.
inline constexpr std::string_view request_id_field = "request_id";

/// Sends the log to stderr, in the given format and under the program's name. A thread of its own
/// writes, so that no caller waits for a reader: see LogWriter. Call once, before other threads
/// start and before a sandbox.
void start_log(const std::string& program, LogFormat format);

/// Logs a line with fields. The logger must format on the calling thread (the one that `start_log`
/// sets up does).
void log(spdlog::level::level_enum level, std::string_view message, LogFields fields);

/// Writes `last_line` to stderr as it is, after everything that was logged. Waits for the log to be
/// written, but only briefly, because nobody may read it. Call it before the process ends.
void finish_log(std::string_view last_line = {});

/// The number of lines that were dropped because nobody read them or they couldn't be written.
std::uint64_t dropped_log_lines();

}  // namespace samoyed::io
