#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace samoyed::io {

/// Writes lines to a file descriptor on a thread of its own, so that no other thread waits for a
/// pipe that nobody reads or for a slow disk. At most `bytes_max` bytes wait. Lines beyond that are
/// dropped, as are lines that can't be written. A notice in their place says how many they were.
///
/// The thread may hang in write(2) for as long as the process lives, so nothing joins it. The
/// descriptor must stay open until the process ends.
///
/// Thread rule: every member may be called from any thread.
class LogWriter {
 public:
  /// Returns the line that reports dropped lines. Called on the writer's thread.
  using Notice = std::function<std::string(std::uint64_t lines)>;

  LogWriter(int descriptor, std::size_t bytes_max, Notice notice);
  /// Lets the thread end once it has written what waits. Doesn't wait for that.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Adds one line, which must end with a line break. Never waits.
  void write(std::string_view line);

  /// Waits until all lines are written or dropped. Returns false if that takes longer than
  /// `timeout`.
  bool flush(std::chrono::milliseconds timeout);

  /// The number of lines that were dropped.
  std::uint64_t dropped() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< Shared with the thread, which may outlive the writer.
};

}  // namespace samoyed::io
