#pragma once

#include <chrono>
#include <cstdint>

namespace samoyed::io {

/// Milliseconds since the Unix epoch.
inline std::int64_t wall_clock_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace samoyed::io
