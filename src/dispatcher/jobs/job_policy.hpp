#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::dispatcher {

/// What is known when it is decided whether a job may start.
struct JobCapacity {
  std::size_t workers_in_rotation = 0;
  /// Images under way for someone who waits.
  std::size_t interactive = 0;
  std::size_t jobs_running = 0;
  /// Of their image files.
  std::uint64_t running_bytes = 0;
  /// Since a job started or ended, or the first began to wait.
  std::chrono::milliseconds idle{0};
};

/// Jobs that may start now. A worker counts as one slot. Whoever waits at a page goes first, and one slot
/// is kept free for the next of them, except where there is only one. Where all slots are taken for long
/// a single job goes all the same, so that jobs get on, however slowly. However many workers there are, none
/// starts while those that run hold `running_bytes_max`.
std::size_t jobs_to_start(const JobCapacity& capacity);

/// After it jobs aren't kept back by those who wait.
inline constexpr std::chrono::milliseconds job_starved_after{30000};

/// A running job holds its image, encoded for the wire: a third more than its file.
inline constexpr std::uint64_t running_bytes_max = std::uint64_t{256} << 20;

/// Until a job that was put back is tried again, after its `attempts`-th attempt: doubles from 1 s to 60 s.
std::chrono::milliseconds retry_pause(int attempts);

/// What follows from an attempt that failed.
struct JobVerdict {
  enum class Next { again, fail };
  Next next = Next::again;
  /// A word of REASONS.md, and a sentence for a person.
  std::string reason;
  std::string detail;
  /// Whether the attempt counts; where nothing was tried to the end the job is due again at once.
  bool tried = true;
};

/// Whether the image may be what the attempt failed of: a deadline, or a worker's own failure.
bool is_suspect(const Failure& failure);

/// The image's fault fails the job; what may pass puts it back. A suspect end that is the job's
/// `suspect_ends_max`-th, counted by `suspect_ends`, is taken for the image's fault too.
JobVerdict judge(const Failure& failure, int suspect_ends);

inline constexpr int suspect_ends_max = 10;

}  // namespace samoyed::dispatcher
