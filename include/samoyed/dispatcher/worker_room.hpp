#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "samoyed/dispatcher/worker_health.hpp"

namespace samoyed::dispatcher {

/// How many images one worker may have in flight. Enough that none of its threads is ever idle, but
/// not more, because images should wait at the dispatcher, where clients take turns. Does no I/O
/// and reads no clock.
///
/// A thread has one image that it recognizes and one that has arrived when it is free. It has more
/// if two take less than 10 ms, and if the transfer of an image takes longer than its recognition:
/// then the next images must be on their way at the same time.
///
/// A worker that answers `busy` is filled by others too, or has a short queue. It gets nothing for
/// a moment, which doubles each time, and then no more than it had before. The number grows again
/// with its answers.
///
/// Not thread-safe: use from one thread at a time.
class WorkerRoom {
 public:
  /// What hello says about the number of images that the worker recognizes at the same time; 0 if
  /// it says nothing.
  void set_threads(std::uint64_t threads);
  /// The worker is a reference server.
  void set_reference();

  /// Records the processor time of an image, and the time of its transfer while `in_flight` images
  /// were in flight at the worker.
  void record_times(double cost_ms, double transfer_ms, std::size_t in_flight);

  /// The worker has answered an image.
  void answered();
  /// The worker was busy. `in_flight` is the number of other images in flight at it.
  void busy(std::size_t in_flight, Clock::time_point now);

  bool has_room(std::size_t in_flight, Clock::time_point now) const {
    return in_flight < places() && !paused(now);
  }
  /// True for a moment after the worker was busy.
  bool paused(Clock::time_point now) const { return now < paused_until_; }
  Clock::time_point paused_until() const { return paused_until_; }

  /// The most images in flight.
  std::size_t places() const;

  /// The first and the longest pause after `busy`.
  static constexpr std::chrono::milliseconds pause_min{20};
  static constexpr std::chrono::milliseconds pause_max{500};
  /// The most images in flight for each thread.
  static constexpr std::size_t places_per_thread_max = 32;

 private:
  std::size_t places_if_not_busy() const;

  enum class Kind { unknown, reference, samoyed };
  Kind kind_ = Kind::unknown;
  std::uint64_t threads_ = 0;
  std::optional<double> cost_ms_;      ///< The mean.
  std::optional<double> transfer_ms_;  ///< With few images in flight.
  std::optional<std::size_t> limit_;   ///< Set since the worker was busy.
  std::size_t answers_ = 0;            ///< Since `limit_` was changed.
  Clock::time_point paused_until_ = Clock::time_point::min();
  std::chrono::milliseconds pause_ = pause_min;
};

}  // namespace samoyed::dispatcher
