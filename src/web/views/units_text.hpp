#pragma once

#include <cstdint>
#include <string>

namespace samoyed::web {

// Times and sizes as people read them.

/// One decimal below 100 ms, none above: `34.3 ms`.
std::string milliseconds_text(double milliseconds);

/// In powers of 1000, as file managers count: `512 bytes`, `87 kB`, `1.2 MB`.
std::string bytes_text(std::uint64_t bytes);

/// `2026-01-31 12:00:00 UTC`, of milliseconds since 1970.
std::string time_text(std::int64_t time_ms);

}  // namespace samoyed::web
