#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::dispatcher {

/// The facts that decide whether a job may start.
struct JobCapacity {
  std::size_t workers_in_rotation = 0;
  /// Interactive requests in flight.
  std::size_t interactive = 0;
  std::size_t jobs_running = 0;
  /// The total size of the running jobs' image files.
  std::uint64_t running_bytes = 0;
  /// Time since a job started or ended, or since the first one began to wait.
  std::chrono::milliseconds idle{0};
};

/// The number of jobs that may start now. Each worker counts as one slot. Interactive requests go
/// first, and one slot is kept free for the next one, unless there is only one slot. If all slots
/// are taken for a long time, a single job starts anyway, so that jobs make progress. No job starts
/// while the running ones hold `running_bytes_max` bytes.
std::size_t jobs_to_start(const JobCapacity& capacity);

/// After this time without progress, interactive requests no longer hold jobs back.
inline constexpr std::chrono::milliseconds job_starved_after{30000};

/// A limit on the image files of running jobs. A running job holds its image encoded for the wire,
/// which takes a third more than its file.
inline constexpr std::uint64_t running_bytes_max = std::uint64_t{256} << 20;

/// The pause before a job is due again after its `attempts`-th attempt. It doubles from 1 s up to
/// 60 s.
std::chrono::milliseconds retry_pause(int attempts);

/// The consequence of a failed attempt.
struct JobVerdict {
  enum class Next { again, fail };
  Next next = Next::again;
  /// A reason code from REASONS.md, and a sentence for people.
  std::string reason;
  std::string detail;
  /// Whether the attempt counts. If it was stopped early, it doesn't count, and the job is due
  /// again immediately.
  bool counted = true;
  /// Whether the image may have caused the failure.
  bool suspect = false;
};

/// Whether the image may have caused the failure: a deadline, or a worker's internal error.
bool is_suspect(const Failure& failure);

/// Decides what a failure means for the job. A bad image fails the job; a temporary failure puts it
/// back. `suspect_ends` is the number of the job's suspect failures, including this one. At the
/// `suspect_ends_max`-th, the image counts as bad too.
JobVerdict judge(const Failure& failure, int suspect_ends);

inline constexpr int suspect_ends_max = 10;

}  // namespace samoyed::dispatcher
