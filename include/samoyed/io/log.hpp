#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <spdlog/common.h>

#include "samoyed/io/log_format.hpp"

namespace samoyed::io {

/// A field of a log line besides its message: a member of its own in JSON.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};
using LogFields = std::span<const LogField>;

/// The field that all lines of one request share; the text format shows it too, and no other.
inline constexpr std::string_view request_id_field = "request_id";

/// Makes stderr the log, with lines in that format under the program's name. Call once.
void start_log(const std::string& program, LogFormat format);

/// Logs a line with fields. Loggers must write on the calling thread, as ours do.
void log(spdlog::level::level_enum level, std::string_view message, LogFields fields);

}  // namespace samoyed::io
