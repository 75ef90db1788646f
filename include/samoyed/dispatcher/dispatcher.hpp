#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/dispatch_options.hpp"
#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::dispatcher {

/// What is worth telling about workers. The shell's log or a tool's lines. `request_id` is of the request
/// that led to it; empty where there is none.
class DispatchObserver {
 public:
  virtual ~DispatchObserver() = default;
  virtual void on_try(const Worker& worker, const std::string& request_id) = 0;
  /// Called once for each worker that is removed, by whoever was first to find out.
  virtual void on_removed(const Worker& worker, const std::string& why,
                          const std::string& request_id) = 0;
  /// It answers again and is back in rotation.
  virtual void on_readmitted(const Worker&) {}
  /// It stayed away for too long.
  virtual void on_forgotten(const Worker&) {}
};

class WorkerConnections;
struct TryFailure;

/// Sends images to workers: picks one, sends, and tries another where that is right.
///
/// Each try is a coroutine of its own, for whose end the request waits with one timer: the request's
/// deadline, a client that leaves and a hedge that wins are all that the request stops waiting. A
/// worker of ours then finds its connection closed. A reference server is sent its image to the end,
/// in the background and for nobody, each step under its deadline.
///
/// Thread rule: one thread, the one that runs the executor's io_context; several dispatchers, each
/// on a thread of its own, may share one WorkerList.
class Dispatcher final : public Classifier {
 public:
  /// All references must outlive the dispatcher, and the dispatcher every coroutine it started, unless
  /// the io_context runs no more.
  Dispatcher(asio::any_io_executor executor, WorkerList& workers, DispatchObserver& observer,
             DispatchOptions options);
  ~Dispatcher() override;

  asio::awaitable<Outcome> classify(ClassifyRequest request) override;

  /// Connects to a worker and says hello, so that its model is known before the first image. The
  /// list of workers stays as it is: what follows is the caller's to decide.
  asio::awaitable<ProbeEnd> probe(Worker worker);

  /// From now on idle connections are watched. `on_suspicion` is called whenever the list was asked for
  /// a probe, of a worker that ended one or that a request didn't wait for any longer.
  void watch(std::function<void()> on_suspicion);

  /// Closes idle connections to workers out of rotation, and those that were idle for too long.
  void close_unused();

  /// Waits until nothing is sent in the background, but not beyond `deadline`.
  asio::awaitable<void> finish(Clock::time_point deadline);

 private:
  struct Request;

  asio::awaitable<void> carry_out(Request& request);
  void start_try(Request& request, std::size_t number, const Worker& worker, bool fresh);
  void start_probe(Request& request, std::size_t number, const Worker& worker);
  void open_letter(Request& request, Clock::time_point now);
  void abandon(Request& request);
  void end_unwatched(const Worker& worker, const TryFailure& failure,
                     const std::string& request_id);

  asio::any_io_executor executor_;
  WorkerList& workers_;
  DispatchObserver& observer_;
  const std::optional<std::chrono::milliseconds> hedge_after_;
  std::unique_ptr<WorkerConnections> connections_;
  std::function<void()> on_suspicion_ = [] {};
  std::size_t attempts_ = 0;  ///< Under way, be it for nobody.
  asio::steady_timer all_ended_;
};

}  // namespace samoyed::dispatcher
