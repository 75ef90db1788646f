#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/dispatch_options.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// Receives events about workers, for a log or a tool's output. `request_id` identifies the
/// request that led to the event; it is empty if there is none.
class DispatchObserver {
 public:
  virtual ~DispatchObserver() = default;
  virtual void on_attempt(const Worker& worker, const std::string& request_id) = 0;
  /// Called once for each worker that is ejected, by the first request or probe that finds it dead.
  virtual void on_ejected(const Worker& worker, const std::string& why,
                          const std::string& request_id) = 0;
  /// The worker says that it is about to stop.
  virtual void on_draining(const Worker&) {}
  /// A worker that was draining has stopped.
  virtual void on_left(const Worker&) {}
  /// The worker answers again and is back in rotation.
  virtual void on_readmitted(const Worker&) {}
  /// The worker was away for too long and is no longer in the list.
  virtual void on_forgotten(const Worker&) {}
  /// The worker's hello names another model than its last hello.
  virtual void on_model_changed(const Worker&, const WorkerModel& /*before*/,
                                const WorkerModel& /*now*/) {}
};

/// Tells the observer of a change other than an ejection, which has a reason too.
void report_change(DispatchObserver& observer, const Worker& worker, WorkerHealth::Change change);

class FairQueue;
class WorkerConnectionPool;
struct AttemptFailure;

/// Sends images to workers: picks a worker, sends the image, and retries with another worker if the
/// failure allows it.
///
/// With DispatchOptions::queue, images wait here while no worker has room, and each client gets an
/// equal share of the workers' time (FairQueue). An image that only finds busy workers goes back to
/// the queue, until its time is over.
///
/// Each attempt runs in its own coroutine, and the request waits for it to end. When a deadline
/// passes, a client disconnects or a hedge wins, the request just stops waiting. The abandoned
/// attempt then closes its connection. The exception is an attempt at a reference server: it sends
/// the whole image in the background, and the timeout of each step still applies.
///
/// Thread rule: one thread, the one that runs the executor's io_context. Several dispatchers, each
/// on its own thread, may share one WorkerList.
class Dispatcher final : public Classifier {
 public:
  /// All references must outlive the dispatcher. The dispatcher must outlive every coroutine that
  /// it started, unless the io_context no longer runs.
  Dispatcher(asio::any_io_executor executor, WorkerList& workers, DispatchObserver& observer,
             DispatchOptions options);
  ~Dispatcher() override;

  asio::awaitable<Outcome> classify(ClassifyRequest request) override;

  /// Connects to a worker and says hello, so that its model is known before the first image.
  /// Doesn't eject or readmit the worker: the caller decides that.
  asio::awaitable<ProbeEnd> probe(Worker worker);

  /// Starts to watch idle connections. `on_suspicion` is called whenever a worker becomes suspect
  /// and is due for a probe, because it closed an idle connection or a request abandoned it.
  void watch(std::function<void()> on_suspicion);

  /// Closes idle connections to workers that are out of rotation, and connections that were idle
  /// for too long.
  void close_unused();

  /// Sends images that wait to workers that have room. Call this when workers were added, returned
  /// or left.
  void send_waiting();

  /// Waits until no image is being sent in the background, or until `deadline`.
  asio::awaitable<void> finish(Clock::time_point deadline);

 private:
  struct Request;

  asio::awaitable<void> carry_out(Request& request);
  bool perform(Request& request);
  void enqueue(Request& request);
  void put_back(Request& request);
  Request* take_waiting(Clock::time_point now);
  void look_later(Clock::time_point now);
  void withdraw(const Request& request);
  void charge(Request& request);
  void start_attempt(Request& request, std::size_t number, const Worker& worker, bool fresh);
  void start_probe(Request& request, std::size_t number, const Worker& worker);
  void handle_result(Request& request, Clock::time_point now);
  void abandon(Request& request);
  void end_abandoned(const Worker& worker, const AttemptFailure& failure,
                     const std::string& request_id);

  asio::any_io_executor executor_;
  WorkerList& workers_;
  DispatchObserver& observer_;
  const std::optional<std::chrono::milliseconds> hedge_after_;
  const bool queues_;
  bool sending_ = false;  ///< Whether send_waiting runs.
  std::unique_ptr<WorkerConnectionPool> pool_;
  std::function<void()> on_suspicion_ = [] {};
  std::unique_ptr<FairQueue> queue_;
  std::unordered_map<std::uint64_t, Request*> waiting_;  ///< By their tickets.
  asio::steady_timer look_timer_;
  /// When the timer ends; Clock::time_point::max() if it isn't set.
  Clock::time_point look_at_ = Clock::time_point::max();
  std::size_t attempts_in_flight_ = 0;  ///< Including abandoned ones.
  io::Event all_ended_;
};

}  // namespace samoyed::dispatcher
