#pragma once

#include <algorithm>
#include <chrono>

#include "samoyed/io/event.hpp"

namespace samoyed::worker {

/// Returns when a worker that drains stops to accept connections: after `drain_time` at the latest,
/// or after half of it without an image.
///
/// A dispatcher notices at once that its idle connections end, and asks why. It then sends no more
/// images, or it does so because it has no other worker.
inline io::Event::Clock::time_point drain_end(io::Event::Clock::time_point begun,
                                              io::Event::Clock::time_point last_image,
                                              std::chrono::milliseconds drain_time) {
  return std::min(begun + drain_time, std::max(begun, last_image) + drain_time / 2);
}

}  // namespace samoyed::worker
