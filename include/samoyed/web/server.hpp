#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/discovery_status.hpp"
#include "samoyed/dispatcher/dispatch_counts.hpp"
#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "samoyed/dispatcher/store_status.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/tls_context.hpp"
#include "samoyed/web/server_options.hpp"

namespace samoyed::web {

/// The parts that the server gives access to. All of them must outlive the server.
struct ServerParts {
  dispatcher::Classifier& classifier;
  dispatcher::WorkerList& workers;
  /// For /metrics; may be null.
  const dispatcher::DispatchCounts* dispatch = nullptr;
  /// Returns how the search for workers by DNS goes.
  dispatcher::DiscoveryStatuses discovery = dispatcher::no_discovery;
  /// Encrypts the connections to workers. Null for plain text.
  const io::TlsContext* worker_tls = nullptr;
  /// Null if results are not kept.
  dispatcher::History* history = nullptr;
  /// Null if there are no jobs.
  dispatcher::Jobs* jobs = nullptr;
  /// Returns whether history and jobs are available now.
  std::function<bool()> storage_available = [] { return true; };
  /// Waits until other dispatchers can know of what changed in the list of workers, for a limited
  /// time. Empty if the list isn't shared.
  std::function<asio::awaitable<void>()> share_workers = {};
  /// Returns how the store works. For /metrics.
  dispatcher::StoreStatusSource store = dispatcher::no_store;
};

/// The web server on one port: accepts connections, speaks HTTP/1.1, serves the pages and the API,
/// and passes images to a Classifier.
///
/// Thread rule: everything runs on the executor, which must be run by one thread. `stop` may be
/// called from any thread.
class Server {
 public:
  /// `acceptor` must be open and listening. The server must outlive its coroutines: destroy it
  /// after `run` has returned. If connections are left then (`connections()`), destroy it only
  /// after the executor's context has stopped for good.
  Server(asio::any_io_executor executor, asio::ip::tcp::acceptor acceptor, ServerParts parts,
         ServerOptions options = {});
  ~Server();

  /// Accepts connections until `stop`, then drains. Returns when every connection has ended, or
  /// when the drain timeout expires, after cutting those that have not. Call once.
  asio::awaitable<void> run();

  /// Reports from now on that the server isn't ready (`/readyz`), and goes on serving. Call it on
  /// the executor's thread.
  void prepare_stop();

  /// Stops accepting connections and lets `run` drain. Further calls do nothing.
  void stop();

  /// Replaces the admin token and ends the sessions of its holders. Call it on the executor's
  /// thread.
  void set_admin_token(std::string token);

  /// Replaces the key that signs visitors' cookies. Cookies signed with another key count as none.
  /// Call it on the executor's thread.
  void set_visitor_key(std::string key);

  /// Number of open connections. After `run` has returned, the number of connections whose image is
  /// still at a worker.
  std::size_t connections() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace samoyed::web
