#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace samoyed::dispatcher {

/// How many jobs may wait, and how long finished ones can be queried.
struct JobsOptions {
  std::size_t images_max = 10000;
  std::uint64_t bytes_max = std::uint64_t{4} << 30;
  /// A finished job is forgotten after this time; its result stays in the history.
  std::chrono::milliseconds keep_finished = std::chrono::hours(24);
  std::size_t watchers_max = 1024;
};

}  // namespace samoyed::dispatcher
