#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "worker/serving/recognizer.hpp"
#include "worker/serving/serving_limits.hpp"

namespace samoyed::worker {

/// The bounded queue between the network and the recognition threads: the only place where they
/// meet.
///
///     session --submit--> [ queue ] --recognition threads--> Recognizer
///        ^                                                       |
///        +--------------- done(result), posted by the session ---+
///
/// Thread rule: `submit`, `withdraw`, `load`, `full` and `stop` may be called from any thread;
/// `done` is called on a recognition thread. The mutex is held for a few instructions: jobs are
/// made and freed, images included, while it isn't.
class RecognitionQueue {
 public:
  using Limits = QueueLimits;
  using Done = std::function<void(protocol::Result)>;
  /// An image's number in the order of arrival.
  using Ticket = std::uint64_t;

  /// Starts the threads. The recognizer must outlive the queue. `on_idle` is called from any of the
  /// threads, also from several at once.
  RecognitionQueue(
      Recognizer& recognizer, Limits limits, std::function<void()> on_idle = [] {});

  /// Stops, and waits for what is under recognition.
  ~RecognitionQueue();

  RecognitionQueue(const RecognitionQueue&) = delete;
  RecognitionQueue& operator=(const RecognitionQueue&) = delete;

  /// Takes no more images and drops those that wait: their `done` is never called.
  void stop();

  /// Queues an image. `std::nullopt`, and `done` is never called, if the queue is full or stopped.
  std::optional<Ticket> submit(std::vector<std::byte> image_file, const RecognitionOptions& options,
                               Done done);

  /// Takes an image that waits out of the queue, which has room for another at once: `done` is
  /// never called. False, and `done` is called as usual, if its recognition has begun.
  bool withdraw(Ticket ticket);

  /// How much there is to do at this moment.
  struct Load {
    std::size_t queued = 0;        ///< Images that wait.
    std::size_t queued_bytes = 0;  ///< Bytes of their files.
    std::size_t recognizing = 0;   ///< Images under recognition.
  };
  Load load() const;

  /// True if an image of that size would be refused now.
  bool full(std::size_t image_bytes = 0) const;

 private:
  struct Job {
    std::vector<std::byte> image_file;
    RecognitionOptions options;
    Done done;
    std::chrono::steady_clock::time_point queued_at;
  };

  /// In order of arrival. A job is moved in and out as a node, so that neither allocates nor frees.
  using Jobs = std::map<Ticket, Job>;

  bool full_locked(std::size_t image_bytes) const;
  void run();
  void wait_for_job(std::unique_lock<std::mutex>& lock);

  Recognizer& recognizer_;
  const Limits limits_;
  const std::function<void()> on_idle_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  Jobs jobs_;
  Ticket last_ticket_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t recognizing_ = 0;
  bool stopped_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace samoyed::worker
