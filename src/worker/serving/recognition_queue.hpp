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

/// The bounded queue between the network thread and the recognition threads: the only place where
/// they meet.
///
///     session --submit--> [ queue ] --recognition threads--> Recognizer
///        ^                                                       |
///        +--------------- done(result), posted to the session ---+
///
/// Thread rule: `submit`, `withdraw`, `load`, `full` and `stop` may be called from any thread;
/// `done` is called on a recognition thread. The mutex is held for a few instructions only: jobs
/// and their images are allocated and freed while it is unlocked.
class RecognitionQueue {
 public:
  using Limits = QueueLimits;
  using Done = std::function<void(protocol::Result)>;
  /// Identifies a queued image. Tickets increase in the order of arrival.
  using Ticket = std::uint64_t;

  /// Starts the threads. The recognizer must outlive the queue. `on_idle` may be called from any of
  /// the threads, and from several at once.
  RecognitionQueue(
      Recognizer& recognizer, Limits limits, std::function<void()> on_idle = [] {});

  /// Stops the queue and waits for the images that are being recognized.
  ~RecognitionQueue();

  RecognitionQueue(const RecognitionQueue&) = delete;
  RecognitionQueue& operator=(const RecognitionQueue&) = delete;

  /// Stops accepting images and drops those that wait. Their `done` is never called.
  void stop();

  /// Queues an image. Returns `std::nullopt` if the queue is full or stopped; `done` is then never
  /// called.
  std::optional<Ticket> submit(std::vector<std::byte> image_file, const RecognitionOptions& options,
                               Done done);

  /// Removes a waiting image from the queue, which frees its place at once. Its `done` is never
  /// called. Returns false if its recognition has begun; `done` is then called as usual.
  bool withdraw(Ticket ticket);

  /// How many images are recognized at the same time.
  std::size_t threads() const { return limits_.threads; }

  /// The current load.
  struct Load {
    std::size_t queued = 0;        ///< Waiting images.
    std::size_t queued_bytes = 0;  ///< Bytes of their files.
    std::size_t recognizing = 0;   ///< Images that are being recognized.
  };
  Load load() const;

  /// Returns true if the queue would refuse an image of that size now.
  bool full(std::size_t image_bytes = 0) const;

 private:
  struct Job {
    std::vector<std::byte> image_file;
    RecognitionOptions options;
    Done done;
    std::chrono::steady_clock::time_point queued_at;
  };

  /// Jobs in order of arrival. A job is moved in and out as a map node, so that neither step
  /// allocates or frees memory.
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
