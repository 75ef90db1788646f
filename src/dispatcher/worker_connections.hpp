#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>

#include <asio/steady_timer.hpp>

#include "dispatcher/attempt.hpp"
#include "dispatcher/worker_connection.hpp"

namespace samoyed::dispatcher {

/// The connections of one dispatcher to its workers: keeps idle ones for the next image, and
/// remembers which workers are reference servers.
///
/// Thread rule: the dispatcher's thread.
class WorkerConnections {
 public:
  WorkerConnections(asio::any_io_executor executor, WorkerList& workers, DispatchOptions options)
      : executor_(executor),
        workers_(workers),
        options_(std::move(options)),
        resolver_(executor, NameResolver::Limits{}, options_.look_up),
        watch_timer_(executor) {}

  struct Sent {
    std::variant<protocol::Result, TryFailure> end;
    /// Nothing for a reference server.
    std::optional<WorkerModel> model;
    /// From the size message to the image's A; 0 unless the end is the worker's result to the image.
    double transfer_ms = 0;
  };

  /// Sends one image to a worker, over an idle connection if there is one and `fresh` is false.
  asio::awaitable<Sent> send(Worker worker, Cargo cargo, bool fresh,
                             std::shared_ptr<Attempt> attempt);

  /// True if the worker accepts a new connection.
  asio::awaitable<bool> accepts(Worker worker, std::shared_ptr<Attempt> attempt);

  /// Connects and says hello, which does no harm to a reference server. The list learns the model,
  /// and one connection is kept if there is none.
  asio::awaitable<ProbeEnd> probe(Worker worker);

  /// From now on `on_end` is called with the worker when it ends an idle connection.
  void watch_idle(std::function<void(WorkerId)> on_end) { on_idle_end_ = std::move(on_end); }

  /// Closes what was idle for too long, and all that is kept for workers out of rotation.
  void close_unused();

 private:
  /// What is kept for one worker.
  struct Peer {
    /// The longest idle first.
    std::list<std::shared_ptr<WorkerConnection>> idle;
    /// A reference server: answered A to hello.
    bool plain = false;
    /// Connections that are open, or about to be, idle ones included.
    std::shared_ptr<std::size_t> open = std::make_shared<std::size_t>(0);
  };
  using PeerPointer = std::shared_ptr<Peer>;
  using Opened = std::variant<std::shared_ptr<WorkerConnection>, TryFailure>;

  asio::awaitable<Sent> send_to(Worker worker, PeerPointer peer, Cargo cargo, bool fresh,
                                std::shared_ptr<Attempt> attempt);
  asio::awaitable<Opened> open(Worker worker, PeerPointer peer, std::shared_ptr<Attempt> attempt);
  PeerPointer peer(WorkerId id);
  bool make_room(Peer& peer) const;
  std::shared_ptr<WorkerConnection> make_connection(const Peer& peer);
  std::shared_ptr<WorkerConnection> take_idle(Peer& peer);
  void keep(WorkerId id, Peer& peer, std::shared_ptr<WorkerConnection> connection);
  /// From a moment later on, what is idle then is watched.
  void watch_soon();
  void on_idle_end(WorkerId id, const WorkerConnection* connection);
  void forget_if_gone(WorkerId id);

  asio::any_io_executor executor_;
  WorkerList& workers_;
  const DispatchOptions options_;
  NameResolver resolver_;
  std::function<void(WorkerId)> on_idle_end_;
  std::map<WorkerId, PeerPointer> peers_;
  asio::steady_timer watch_timer_;
  bool watch_due_ = false;  ///< The timer is set.
};

}  // namespace samoyed::dispatcher
