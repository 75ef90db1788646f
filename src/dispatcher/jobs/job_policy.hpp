#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::dispatcher {

/// What is known when it is decided whether a job may start.
struct JobCapacity {
  std::size_t workers_in_rotation = 0;
  /// Images under way for someone who waits.
  std::size_t interactive = 0;
  std::size_t jobs_running = 0;
  /// Since a job started or ended, or the first began to wait.
  std::chrono::milliseconds idle{0};
};

/// Jobs that may start now. A worker counts as one slot. Whoever waits at a page goes first, and one slot
/// is kept free for the next of them, except where there is only one. Where all slots are taken for long
/// a single job goes all the same, so that jobs get on, however slowly.
std::size_t jobs_to_start(const JobCapacity& capacity);

/// After it jobs aren't kept back by those who wait.
inline constexpr std::chrono::milliseconds job_starved_after{30000};

/// Until a job that was put back is tried again, after its `attempts`-th attempt: doubles from 1 s to 60 s.
std::chrono::milliseconds retry_pause(int attempts);

/// What follows from an attempt that failed.
struct JobVerdict {
  enum class Next { again, fail };
  Next next = Next::again;
  /// A word of REASONS.md, and a sentence for a person.
  std::string reason;
  std::string detail;
};

/// The image's fault fails the job; what may pass puts it back. A deadline, or a worker's own failure,
/// that came in each of `job_attempts_max` attempts is taken for the image's fault too.
JobVerdict judge(const Failure& failure, int attempts);

inline constexpr int job_attempts_max = 10;

}  // namespace samoyed::dispatcher
