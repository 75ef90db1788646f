#pragma once

#include <memory>

#include <spdlog/formatter.h>

#include "samoyed/io/log.hpp"

namespace samoyed::io {

/// Returns a formatter for the given format.
std::unique_ptr<spdlog::formatter> log_formatter(LogFormat format);

}  // namespace samoyed::io
