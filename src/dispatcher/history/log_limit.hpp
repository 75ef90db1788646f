#pragma once

#include <chrono>
#include <cstdint>

#include "dispatcher/history/sqlite.hpp"

namespace samoyed::dispatcher {

/// Keeps the log (WAL) of a database small.
///
/// After every 1000 pages, SQLite itself copies the log into the database and begins it anew. While
/// somebody reads, it can't begin it anew, and it never makes the file smaller. So, when the log
/// has grown large, the writer waits for the readers of the moment: later ones don't need the log.
///
/// Thread rule: the writer's thread.
class LogLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// The log's usual size, with 1000 pages of 4 KiB and what describes them.
  static constexpr std::uint64_t usual_bytes = std::uint64_t{4} << 20;
  /// From this size on, the writer waits for readers.
  static constexpr std::uint64_t large_bytes = std::uint64_t{32} << 20;
  /// How long it waits, and the pause before it waits again. A reader that takes longer belongs to
  /// another program, such as a backup: our own end within 10 s.
  static constexpr std::chrono::milliseconds wait_ms{1000};
  static constexpr std::chrono::milliseconds pause_ms{10000};

  /// Call after a commit.
  void committed(Database& database, Clock::time_point now);
  /// Call if there is nothing to write. Never waits.
  void idle(Database& database);

 private:
  Clock::time_point wait_again_at_;
};

}  // namespace samoyed::dispatcher
