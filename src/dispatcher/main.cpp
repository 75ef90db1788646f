#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/health_monitor.hpp"
#include "dispatcher/options.hpp"
#include "dispatcher/state_file.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/io/listener.hpp"
#include "samoyed/io/program.hpp"
#include "samoyed/web/server.hpp"

namespace {

using namespace samoyed;
using namespace samoyed::dispatcher;

/// What happens to workers, in the log.
class DispatchLog final : public DispatchObserver {
 public:
  void on_try(const Worker& worker) override {
    spdlog::debug("using worker {}", to_string(worker.address));
  }
  void on_removed(const Worker& worker, const std::string& why) override {
    spdlog::warn("removed worker {}: {}", to_string(worker.address), why);
  }
  void on_readmitted(const Worker& worker) override {
    spdlog::info("worker {} is back in rotation", to_string(worker.address));
  }
  void on_forgotten(const Worker& worker) override {
    spdlog::warn("forgot worker {}: it stayed away for too long", to_string(worker.address));
  }
};

void save(WorkerStore& store, const WorkerList& workers) {
  std::vector<protocol::Address> addresses;
  for (const WorkerRow& row : workers.rows()) addresses.push_back(row.worker.address);
  try {
    store.save(addresses);
  } catch (const std::system_error& error) {
    spdlog::error("the worker list could not be saved: {}", error.what());
  }
}

void fill(WorkerList& workers, const std::vector<protocol::Address>& addresses) {
  for (const auto& address : addresses) {
    if (workers.add(address) == AddResult::list_full) {
      throw std::runtime_error("more than " + std::to_string(workers_max) +
                               " workers; name fewer, or delete lines of the --state file");
    }
  }
}

void log_failure(std::exception_ptr failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    spdlog::error("watching the workers failed: {}", error.what());
  }
}

web::ServerOptions server_options(const Options& options) {
  web::ServerOptions server;
  server.limits.connections_max = options.connections_max;
  server.limits.image_bytes_max = options.image_bytes_max;
  server.timeouts.drain = options.drain_timeout;
  return server;
}

void run(const Options& options) {
  asio::io_context io(1);
  std::unique_ptr<WorkerStore> store;
  if (!options.state_file.empty()) store = std::make_unique<StateFile>(options.state_file);
  std::optional<Dispatcher> dispatcher;
  std::optional<HealthMonitor> monitor;
  // Changes come from this thread only. They are saved before who made them is answered; while the
  // list is being loaded, what is saved must stay as it is.
  bool loaded = false;
  WorkerList workers([&] {
    if (loaded && store) save(*store, workers);
    asio::post(io, [&] {
      dispatcher->close_unused();
      monitor->wake();
    });
  });
  if (store) fill(workers, store->load());
  fill(workers, options.workers);
  loaded = true;

  DispatchLog log;
  DispatchOptions dispatch;
  dispatch.timeouts = options.timeouts;
  dispatcher.emplace(io.get_executor(), workers, log, std::move(dispatch));
  monitor.emplace(io.get_executor(), *dispatcher, workers, log);
  auto acceptor = io::open_acceptor(io.get_executor(), options.address, options.port);
  if (store) save(*store, workers);
  spdlog::info("{} workers", workers.rows().size());
  spdlog::info("listening on {}", io::listening_address(acceptor));
  web::Server server(io.get_executor(), std::move(acceptor), *dispatcher, workers,
                     server_options(options));

  for (const WorkerRow& row : workers.rows()) {
    asio::co_spawn(io, dispatcher->probe(row.worker),
                   [](std::exception_ptr failure, ProbeEnd) { log_failure(failure); });
  }
  asio::co_spawn(io, monitor->run(), log_failure);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  io::on_stop_signal(signals, [&] { server.stop(); });
  asio::co_spawn(io, server.run(), [&](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    io.stop();
  });
  io.run();
}

}  // namespace

int main(int argc, char** argv) {
  int exit_status = EXIT_SUCCESS;
  const auto options = parse_options(argc, argv, exit_status);
  if (!options) return exit_status;
  return io::run_program("samoyed-dispatcher", [&] { run(*options); });
}
