#pragma once

#include <cstddef>
#include <memory>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/dispatch_counts.hpp"
#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/web/server_options.hpp"

namespace samoyed::web {

/// What the server gives access to; all of it must outlive the server.
struct ServerParts {
  dispatcher::Classifier& classifier;
  dispatcher::WorkerList& workers;
  /// For /metrics; may be null.
  const dispatcher::DispatchCounts* dispatch = nullptr;
  /// Null: results are not kept.
  dispatcher::History* history = nullptr;
  /// Null: there are no jobs.
  dispatcher::Jobs* jobs = nullptr;
};

/// The web form on one port: accepts, speaks HTTP/1.1, shows pages, hands images to a Classifier.
///
/// Thread rule: everything runs on the executor, which must be run by one thread; `stop` may be
/// called from any thread.
class Server {
 public:
  /// `acceptor` is open and listening. The server must outlive every
  /// coroutine of its own: destroy it after `run` returned, and where connections were left
  /// (`connections()`), after the executor's context was stopped for good.
  Server(asio::any_io_executor executor, asio::ip::tcp::acceptor acceptor, ServerParts parts,
         ServerOptions options = {});
  ~Server();

  /// Accepts until `stop`, then drains: returns when every connection has ended, or after the
  /// drain's time with those cut that had not. Call once.
  asio::awaitable<void> run();

  /// Stops accepting and lets `run` drain. Further calls do nothing.
  void stop();

  /// Open at this moment; after `run` returned, those whose image is still at a worker.
  std::size_t connections() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace samoyed::web
