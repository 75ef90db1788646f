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

/// The pool of a dispatcher's connections to its workers. Keeps idle connections for the next
/// image, and remembers which workers are reference servers.
///
/// Thread rule: the dispatcher's thread.
class WorkerConnectionPool {
 public:
  WorkerConnectionPool(asio::any_io_executor executor, WorkerList& workers, DispatchOptions options)
      : executor_(executor),
        workers_(workers),
        options_(std::move(options)),
        resolver_(executor, NameResolver::Limits{}, options_.look_up),
        watch_timer_(executor) {}

  struct SendResult {
    std::variant<protocol::Result, AttemptFailure> end;
    /// std::nullopt for a reference server.
    std::optional<WorkerModel> model;
    /// From the size message to the image's A, in milliseconds; 0 unless the worker received the
    /// image.
    double transfer_ms = 0;
  };

  /// Sends one image to a worker, over an idle connection if there is one and `fresh` is false.
  asio::awaitable<SendResult> send(Worker worker, ImageRequest request, bool fresh,
                                   std::shared_ptr<Attempt> attempt);

  /// True if the worker accepts a new connection.
  asio::awaitable<bool> accepts(Worker worker, std::shared_ptr<Attempt> attempt);

  /// Connects and says hello, which doesn't harm a reference server. Records the worker's model in
  /// the list, and keeps the connection if no other is idle and the worker isn't draining.
  asio::awaitable<ProbeEnd> probe(Worker worker);

  /// From now on, `on_end` is called with a worker's id when it ends an idle connection.
  void watch_idle(std::function<void(WorkerId)> on_end) { on_idle_end_ = std::move(on_end); }

  /// `greeted` is called whenever the list has learned from a hello what a worker is.
  void on_greeted(std::function<void()> greeted) { on_greeted_ = std::move(greeted); }

  /// `changed` is called with a worker and its former and its new model when a hello names another
  /// one than the last hello.
  using ModelChanged =
      std::function<void(const Worker&, const WorkerModel& before, const WorkerModel& now)>;
  void on_model_changed(ModelChanged changed) { on_model_changed_ = std::move(changed); }

  /// `changed` is called when a connection for an image finds that a worker drains, has stopped, or
  /// no longer drains.
  using StateChanged = std::function<void(const Worker&, WorkerHealth::Change)>;
  void on_state_changed(StateChanged changed) { on_state_changed_ = std::move(changed); }

  /// What is wrong with a worker, and what to do, as part of a sentence.
  std::string explain(std::error_code why) const;

  /// Closes connections that were idle for too long, and connections to workers out of rotation.
  void close_unused();

 private:
  /// The connections to one worker.
  struct PoolEntry {
    /// Ordered by idle time, the longest first.
    std::list<std::shared_ptr<WorkerConnection>> idle;
    /// True for a reference server, which answers a hello with A.
    bool plain = false;
    /// From the last hello. Connections whose hello named another model aren't used again.
    std::optional<WorkerModel> model = {};
    /// Connections that are open or being opened, idle ones included.
    std::shared_ptr<std::size_t> open = std::make_shared<std::size_t>(0);
  };
  using PoolEntryPointer = std::shared_ptr<PoolEntry>;
  using Opened = std::variant<std::shared_ptr<WorkerConnection>, AttemptFailure>;

  asio::awaitable<SendResult> send_to(Worker worker, PoolEntryPointer entry, ImageRequest request,
                                      bool fresh, std::shared_ptr<Attempt> attempt);
  asio::awaitable<Opened> open(Worker worker, PoolEntryPointer entry,
                               std::shared_ptr<Attempt> attempt);
  void record_greeting(const Worker& worker, PoolEntry& entry, const WorkerConnection& connection);
  void record_draining(const Worker& worker, bool draining);
  AttemptFailure excuse_draining(const Worker& worker, AttemptFailure failure);
  asio::awaitable<std::error_code> connect(std::shared_ptr<WorkerConnection> connection,
                                           Worker worker);
  ProbeEnd probe_end(std::error_code why) const;
  PoolEntryPointer entry_of(WorkerId id);
  bool make_room(PoolEntry& entry) const;
  std::shared_ptr<WorkerConnection> make_connection(const PoolEntry& entry);
  std::shared_ptr<WorkerConnection> take_idle(PoolEntry& entry);
  void keep(WorkerId id, PoolEntry& entry, std::shared_ptr<WorkerConnection> connection);
  /// Starts to watch the idle connections a moment later.
  void watch_soon();
  void on_idle_end(WorkerId id, const WorkerConnection* connection);
  void forget_if_gone(WorkerId id);

  asio::any_io_executor executor_;
  WorkerList& workers_;
  const DispatchOptions options_;
  NameResolver resolver_;
  std::function<void(WorkerId)> on_idle_end_;
  std::function<void()> on_greeted_ = [] {};
  ModelChanged on_model_changed_ = [](const auto&...) {};
  StateChanged on_state_changed_ = [](const auto&...) {};
  std::map<WorkerId, PoolEntryPointer> entries_;
  asio::steady_timer watch_timer_;
  bool watch_due_ = false;  ///< True while the timer is set.
};

}  // namespace samoyed::dispatcher
