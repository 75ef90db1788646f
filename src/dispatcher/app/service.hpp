#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "dispatcher/app/options.hpp"
#include "dispatcher/discovery/discovery.hpp"
#include "dispatcher/health_monitor.hpp"
#include "dispatcher/jobs/interactive_classifier.hpp"
#include "dispatcher/jobs/job_runner.hpp"
#include "dispatcher/storage/shared_workers.hpp"
#include "dispatcher/storage/storage.hpp"
#include "samoyed/dispatcher/dispatch_counts.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/dispatcher/worker_store.hpp"
#include "samoyed/web/server.hpp"

namespace samoyed::dispatcher {

/// Logs and counts what happens to workers.
class DispatchLog final : public DispatchObserver {
 public:
  /// `on_lost` is called with each worker that was ejected, or has stopped.
  /// `on_gone` is called with each worker that the list has forgotten.
  DispatchLog(std::function<void(const Worker&)> on_lost,
              std::function<void(const Worker&)> on_gone)
      : on_lost_(std::move(on_lost)), on_gone_(std::move(on_gone)) {}

  void on_attempt(const Worker& worker, const std::string& request_id) override;
  void on_ejected(const Worker& worker, const std::string& why,
                  const std::string& request_id) override;
  void on_draining(const Worker& worker) override;
  void on_left(const Worker& worker) override;
  void on_readmitted(const Worker& worker) override;
  void on_forgotten(const Worker& worker) override;
  void on_model_changed(const Worker& worker, const WorkerModel& before,
                        const WorkerModel& now) override;

  const DispatchCounts& counts() const { return counts_; }

 private:
  const std::function<void(const Worker&)> on_lost_;
  const std::function<void(const Worker&)> on_gone_;
  DispatchCounts counts_;
};

/// The whole dispatcher: the worker list with its store and its discovery, the dispatcher with its
/// health monitor, the storage with its job runner, and the web server.
///
/// Thread rule: everything runs on the thread that calls `run`.
class Service {
 public:
  /// Opens the port and loads the list. Throws std::runtime_error or std::system_error with a
  /// one-line message that says what to do.
  explicit Service(Options options);

  /// Serves until SIGINT or SIGTERM, then finishes the requests in flight within the drain timeout.
  /// Call once.
  void run();

 private:
  asio::ip::tcp::acceptor open_port();
  void add(const std::vector<protocol::Address>& addresses, const std::string& source);
  void save();
  void on_list_changed();
  void on_lost(const Worker& worker);
  void on_forgotten(const Worker& worker);
  std::unique_ptr<SharedWorkers> share_workers();
  asio::awaitable<void> save_shared();
  std::string why_refused(const protocol::Address& address) const;
  void stop();
  void reload();
  bool storage_available() const;
  std::optional<StoreStatus> store_status() const;
  void read_visitor_key();
  asio::awaitable<void> wait_for_visitor_key();
  asio::awaitable<void> wait_for_first_workers();
  bool has_looked_for_workers() const;
  asio::awaitable<void> serve();
  std::unique_ptr<JobRunner> make_job_runner();

  Options options_;
  asio::io_context io_{1};
  std::unique_ptr<WorkerStore> store_;
  std::optional<std::vector<protocol::Address>> stored_;  ///< The list that was saved last.
  /// False while the list is being loaded. It must not be saved then.
  bool loaded_ = false;
  WorkerList workers_;
  Discovery discovery_;
  DispatchLog log_;
  Dispatcher dispatcher_;
  HealthMonitor monitor_;
  /// The classifier of the web server. Jobs use the dispatcher itself.
  InteractiveClassifier interactive_;
  std::unique_ptr<Storage> storage_;               ///< Null without a data folder and a store.
  std::unique_ptr<SharedWorkers> shared_workers_;  ///< Null if the list isn't shared.
  bool has_visitor_key_ = false;
  std::string key_problem_;  ///< Why the key couldn't be read the last time; empty if it could.
  std::unique_ptr<JobRunner> job_runner_;  ///< Null without storage.
  std::string listening_address_;          ///< `HOST:PORT`
  web::Server server_;
  bool stopping_ = false;
  Clock::time_point drained_by_;  ///< Set when a signal arrives.
};

}  // namespace samoyed::dispatcher
