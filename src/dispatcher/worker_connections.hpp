#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>

#include "dispatcher/worker_connection.hpp"

namespace samoyed::dispatcher {

/// The connections of one dispatcher to its workers: keeps idle ones for the next image, and
/// remembers which workers are reference servers.
///
/// Thread rule: the dispatcher's thread.
class WorkerConnections {
 public:
  WorkerConnections(asio::any_io_executor executor, WorkerList& workers, StepTimeouts timeouts)
      : executor_(std::move(executor)), workers_(workers), timeouts_(timeouts) {}

  struct Sent {
    std::variant<protocol::Result, TryFailure> end;
    /// Nothing for a reference server.
    std::optional<WorkerModel> model;
  };

  /// Sends one image to a worker, over an idle connection if there is one and `fresh` is false.
  asio::awaitable<Sent> send(Worker worker, const protocol::EncodedImage& image,
                             std::optional<int> top, bool fresh);

  /// Says hello, so that the list learns the worker's model, and keeps the connection. A failure
  /// changes nothing.
  asio::awaitable<void> introduce(Worker worker);

  /// True if the worker accepts a new connection.
  asio::awaitable<bool> probe(Worker worker);

  /// Closes what is kept for workers that are no longer in the list.
  void close_unlisted();

 private:
  /// What is kept for one worker.
  struct Peer {
    /// The longest idle first.
    std::list<std::unique_ptr<WorkerConnection>> idle;
    /// A reference server: answered A to hello.
    bool plain = false;
  };
  using Opened = std::variant<std::unique_ptr<WorkerConnection>, TryFailure>;

  std::unique_ptr<WorkerConnection> take_idle(WorkerId id);
  asio::awaitable<Opened> open(Worker worker);
  void keep(WorkerId id, std::unique_ptr<WorkerConnection> connection);

  asio::any_io_executor executor_;
  WorkerList& workers_;
  const StepTimeouts timeouts_;
  std::map<WorkerId, Peer> peers_;
};

}  // namespace samoyed::dispatcher
