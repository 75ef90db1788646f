#include "samoyed/io/log_writer.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace samoyed::io {
namespace {

/// The lines of this time are written together, because waking the thread for each line costs more
/// than the line.
constexpr std::chrono::milliseconds gathering_time{2};

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

/// Writes until everything is written or the descriptor fails. Returns the part that is not
/// written. Waits if nobody reads.
std::string_view write_some(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(descriptor, text.data(), text.size());
    if (size > 0) {
      text.remove_prefix(static_cast<std::size_t>(size));
    } else if (size < 0 && errno == EAGAIN) {
      // Another process that shares the descriptor has made it non-blocking.
      pollfd writable{descriptor, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (size < 0 && errno != EINTR) {
      break;
    }
  }
  return text;
}

}  // namespace

struct LogWriter::State {
  int descriptor;
  std::size_t bytes_max;
  Notice notice;
  std::atomic<std::uint64_t> dropped = 0;

  std::mutex mutex{};
  std::condition_variable changed{};
  // Guarded by mutex:
  std::string waiting{};
  std::uint64_t gap = 0;  ///< The number of lines dropped since `waiting` was full.
  bool writing = false;
  std::size_t flushing = 0;  ///< The number of callers in `flush`.
  bool stopping = false;

  // Used by the thread only:
  std::uint64_t missed = 0;  ///< The number of lines that couldn't be written and aren't reported.
  bool in_line = false;      ///< Whether the last line was written in part.

  /// Returns the number of lines that were not written.
  std::uint64_t put(std::string_view text) {
    if (in_line && !write_some(descriptor, "\n").empty()) return count_lines(text);
    const std::string_view rest = write_some(descriptor, text);
    in_line = !rest.empty() && rest.size() < text.size() && *(rest.data() - 1) != '\n';
    return count_lines(rest);
  }

  void put_all(std::string_view lines, std::uint64_t gap_after) {
    if (missed > 0 && put(notice(missed)) == 0) missed = 0;
    const std::uint64_t failed = put(lines);
    dropped += failed;
    missed += failed;
    if (gap_after > 0 && put(notice(gap_after)) > 0) missed += gap_after;
  }

  void run() {
    std::string lines;
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return !waiting.empty() || stopping; });
      if (waiting.empty()) return;
      changed.wait_for(lock, gathering_time, [this] { return flushing > 0 || stopping; });
      std::swap(lines, waiting);
      const std::uint64_t gap_after = std::exchange(gap, 0);
      writing = true;
      lock.unlock();
      put_all(lines, gap_after);
      lines.clear();
      lock.lock();
      writing = false;
      changed.notify_all();
    }
  }
};

LogWriter::LogWriter(int descriptor, std::size_t bytes_max, Notice notice)
    : state_(new State{
          .descriptor = descriptor, .bytes_max = bytes_max, .notice = std::move(notice)}) {
  std::thread([state = state_] { state->run(); }).detach();
}

LogWriter::~LogWriter() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
}

void LogWriter::write(std::string_view line) {
  bool wake = false;
  {
    const std::lock_guard lock(state_->mutex);
    std::string& waiting = state_->waiting;
    // After a gap, lines are dropped until the notice has its place behind the waiting lines.
    if (state_->gap > 0 || line.size() > state_->bytes_max - waiting.size()) {
      ++state_->gap;
      ++state_->dropped;
      return;
    }
    wake = waiting.empty();
    waiting += line;
  }
  if (wake) state_->changed.notify_all();
}

bool LogWriter::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(state_->mutex);
  ++state_->flushing;
  state_->changed.notify_all();
  const bool done = state_->changed.wait_for(
      lock, timeout, [this] { return state_->waiting.empty() && !state_->writing; });
  --state_->flushing;
  return done;
}

std::uint64_t LogWriter::dropped() const { return state_->dropped; }

}  // namespace samoyed::io
