#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/protocol/encoded_image.hpp"

namespace samoyed::dispatcher {

/// How long each step of talking to a worker may take; a worker that exceeds one is removed.
struct StepTimeouts {
  std::chrono::milliseconds connect{2000};
  /// From a hello or a size message to its answer.
  std::chrono::milliseconds answer{5000};
  /// From the size's A to the image's: the whole transfer.
  std::chrono::milliseconds image{60000};
  /// From the image's A to the result's end.
  std::chrono::milliseconds result{30000};
};

/// What is worth telling while an image is on its way. The shell's log or a tool's lines.
class DispatchObserver {
 public:
  virtual ~DispatchObserver() = default;
  virtual void on_try(const Worker& worker) = 0;
  /// Called once for each worker that is removed, by whoever was first to find out.
  virtual void on_removed(const Worker& worker, const std::string& why) = 0;
};

class WorkerConnections;

/// Sends images to workers: picks one, sends, and tries another where that is right.
///
/// Thread rule: one thread, the one that runs the executor's io_context; several dispatchers, each
/// on a thread of its own, may share one WorkerList.
class Dispatcher final : public Classifier {
 public:
  /// All references must outlive the dispatcher, and the dispatcher every coroutine it started.
  Dispatcher(asio::any_io_executor executor, WorkerList& workers, DispatchObserver& observer,
             StepTimeouts timeouts);
  ~Dispatcher() override;

  asio::awaitable<Outcome> classify(ClassifyRequest request) override;

  /// Says hello to a worker, so that its model is known before the first image. Whatever comes of
  /// it, the list of workers stays as it is.
  asio::awaitable<void> introduce(Worker worker);

  /// Closes the idle connections to workers that are no longer in the list.
  void close_unlisted();

 private:
  WorkerList& workers_;
  DispatchObserver& observer_;
  std::unique_ptr<WorkerConnections> connections_;
};

}  // namespace samoyed::dispatcher
