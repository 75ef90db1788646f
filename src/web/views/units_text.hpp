#pragma once

#include <cstdint>
#include <string>

namespace samoyed::web {

// Formats times and sizes for people.

/// Formats a time as `34.3 ms`, with one decimal below 100 ms and none above.
std::string milliseconds_text(double milliseconds);

/// Formats a size in powers of 1000, as file managers do: `512 bytes`, `87 kB`, `1.2 MB`.
std::string bytes_text(std::uint64_t bytes);

/// Formats milliseconds since 1970 as `2026-01-31 12:00:00 UTC`.
std::string time_text(std::int64_t time_ms);

}  // namespace samoyed::web
