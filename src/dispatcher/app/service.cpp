#include "dispatcher/app/service.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/postgres/open_postgres.hpp"
#include "dispatcher/state_file.hpp"
#include "samoyed/io/allocator.hpp"
#include "samoyed/io/connection_limits.hpp"
#include "samoyed/io/event.hpp"
#include "samoyed/io/ip_text.hpp"
#include "samoyed/io/listener.hpp"
#include "samoyed/io/log.hpp"
#include "samoyed/io/program.hpp"
#include "samoyed/io/signals.hpp"
#include "samoyed/io/token_file.hpp"

namespace samoyed::dispatcher {
namespace {

/// The pauses between attempts to read the key of visitors' cookies: those of the database.
constexpr std::chrono::milliseconds key_pause_first{1000};
constexpr std::chrono::milliseconds key_pause_max{16000};

/// The longest wait for workers that DNS or other dispatchers know. A lookup takes milliseconds.
constexpr std::chrono::milliseconds first_workers_wait{1000};
constexpr std::chrono::milliseconds first_workers_pause{10};

std::unique_ptr<WorkerStore> open_store(const std::string& path) {
  if (path.empty()) return nullptr;
  return std::make_unique<StateFile>(path);
}

std::unique_ptr<Storage> open_any_storage(asio::any_io_executor executor,
                                          const StorageOptions& options) {
  if (options.url.empty()) return open_storage(std::move(executor), options);
  return postgres::open_postgres(std::move(executor), options);
}

/// The descriptors for the database, the log, the spool, forms on disk and the like.
constexpr std::size_t file_descriptors_max = 64;

/// Lowers the numbers of web connections to what the limit of descriptors leaves when every
/// upload has a connection to a worker.
Options within_descriptors(Options options) {
  web::ServerLimits& limits = options.web.limits;
  limits = io::fit_to_descriptors(
      limits, limits.requests_max + limits.refused_connections_max + file_descriptors_max);
  return options;
}

/// Logs the exception that ended a background loop, if there is one.
auto log_failure(const char* loop) {
  return [loop](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("the {} failed: {}", loop, error.what());
    }
  };
}

}  // namespace

void DispatchLog::on_attempt(const Worker& worker, const std::string& request_id) {
  ++counts_.attempts;
  if (!spdlog::should_log(spdlog::level::debug)) return;
  const std::string address = to_string(worker.address);
  const io::LogField fields[] = {{io::request_id_field, request_id}, {"worker", address}};
  io::log(spdlog::level::debug, "using worker " + address, fields);
}
void DispatchLog::on_ejected(const Worker& worker, const std::string& why,
                             const std::string& request_id) {
  ++counts_.ejected;
  const std::string address = to_string(worker.address);
  const io::LogField fields[] = {
      {io::request_id_field, request_id}, {"worker", address}, {"why", why}};
  io::log(spdlog::level::warn, "removed worker " + address + ": " + why, fields);
  on_lost_(worker);
}
void DispatchLog::on_draining(const Worker& worker) {
  ++counts_.drained;
  spdlog::info("worker {} is draining: it is about to stop", to_string(worker.address));
}
void DispatchLog::on_left(const Worker& worker) {
  ++counts_.left;
  spdlog::info("worker {} has stopped", to_string(worker.address));
  on_lost_(worker);
}
void DispatchLog::on_readmitted(const Worker& worker) {
  ++counts_.readmitted;
  spdlog::info("worker {} is back in rotation", to_string(worker.address));
}
void DispatchLog::on_forgotten(const Worker& worker) {
  ++counts_.forgotten;
  spdlog::warn("forgot worker {}: it was away for too long", to_string(worker.address));
  on_gone_(worker);
}

void DispatchLog::on_model_changed(const Worker& worker, const WorkerModel& before,
                                   const WorkerModel& now) {
  const auto trained = [](const WorkerModel& model) { return model.trained ? "" : " (untrained)"; };
  spdlog::warn("worker {} runs {}{} now instead of {}{}", to_string(worker.address), now.name,
               trained(now), before.name, trained(before));
}

Service::Service(Options options)
    : options_(within_descriptors(std::move(options))),
      store_(open_store(options_.state_file)),
      workers_(
          // Only the service's thread makes changes. They are saved before the client that made
          // them gets its response.
          [this] { on_list_changed(); }, options_.health, options_.default_model),
      discovery_(io_.get_executor(), workers_, options_.discovery.names, options_.discovery.options,
                 options_.web.access.worker_networks,
                 [this](const DiscoveryName& name) {
                   return look_up_workers(io_.get_executor(), name, options_.discovery.servers);
                 }),
      log_([this](const Worker& worker) { on_lost(worker); },
           [this](const Worker& worker) { on_forgotten(worker); }),
      dispatcher_(io_.get_executor(), workers_, log_, options_.dispatch),
      monitor_(io_.get_executor(), dispatcher_, workers_, log_),
      interactive_(dispatcher_),
      storage_(open_any_storage(io_.get_executor(), options_.storage)),
      shared_workers_(share_workers()),
      job_runner_(make_job_runner()),
      server_(io_.get_executor(), open_port(),
              {.classifier = interactive_,
               .workers = workers_,
               .dispatch = &log_.counts(),
               .discovery = [this] { return discovery_.statuses(); },
               .worker_tls = options_.dispatch.tls.get(),
               .history = storage_ ? storage_->history() : nullptr,
               .jobs = storage_ ? &storage_->jobs() : nullptr,
               .storage_available = [this] { return storage_available(); },
               .share_workers = [this] { return save_shared(); },
               .store = [this] { return store_status(); }},
              options_.web) {
  if (storage_) {
    storage_->on_visitor_key([this] { read_visitor_key(); });
    read_visitor_key();
  }
  if (store_) add(store_->load(), "the --state file");
  add(options_.workers, "--worker");
  loaded_ = true;
  if (store_) save();
}

void Service::run() {
  asio::signal_set signals(io_, SIGINT, SIGTERM);
  asio::steady_timer ready_drain(io_);
  io::on_stop_signal(signals, [&] {
    const auto delay = options_.web.timeouts.ready_drain;
    server_.prepare_stop();
    if (delay > delay.zero()) {
      spdlog::info("/readyz answers 503; new connections are refused in {} ms", delay.count());
    }
    ready_drain.expires_after(delay);
    ready_drain.async_wait([this](std::error_code canceled) {
      if (!canceled) stop();
    });
  });
  asio::co_spawn(io_, io::reload_on_hangup(io_.get_executor(), [this] { reload(); }),
                 log_failure("reload"));
  // These lines are logged only after signal handling is set up, because a reader of the log may
  // send a signal at once.
  if (options_.dispatch.tls) options_.dispatch.tls->log_expiry();
  spdlog::info("workers in the list: {}", workers_.snapshot().size());
  spdlog::info("listening on {}", listening_address_);
  // Probes all workers before the first image, so that pages show untrained networks and dead
  // workers.
  for (const WorkerRow& row : workers_.snapshot()) workers_.suspect(row.worker.id, Clock::now());
  asio::co_spawn(io_, monitor_.run(), log_failure("health monitor"));
  discovery_.start();
  asio::co_spawn(io_, io::give_back_surplus_memory(), log_failure("release of unused memory"));
  asio::co_spawn(io_, wait_for_visitor_key(), log_failure("wait for the visitors' key"));
  if (storage_) storage_->start();
  if (shared_workers_) {
    asio::co_spawn(io_, shared_workers_->run(), log_failure("sharing of the list of workers"));
  }
  if (job_runner_) asio::co_spawn(io_, job_runner_->run(), log_failure("job runner"));
  asio::co_spawn(io_, serve(), [this](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    io_.stop();
  });
  io_.run();
}

void Service::on_list_changed() {
  if (!loaded_) return;
  if (store_) save();
  asio::post(io_, [this] {
    dispatcher_.close_unused();
    dispatcher_.send_waiting();
    monitor_.wake();
    if (shared_workers_) shared_workers_->wake();
    if (job_runner_) job_runner_->wake();
  });
}

void Service::on_lost(const Worker& worker) {
  discovery_.on_lost(worker.address);
  if (!options_.health.readmit) on_forgotten(worker);
}

void Service::on_forgotten(const Worker& worker) {
  if (shared_workers_) shared_workers_->forget(worker.address);
}

std::unique_ptr<SharedWorkers> Service::share_workers() {
  WorkerTable* const table = storage_ ? storage_->workers() : nullptr;
  if (!table) return nullptr;
  return std::make_unique<SharedWorkers>(
      io_.get_executor(), *table, workers_,
      [this](const protocol::Address& address) { return why_refused(address); });
}

/// Before the client that changed the list gets its response.
asio::awaitable<void> Service::save_shared() {
  if (shared_workers_) co_await shared_workers_->save();
}

std::string Service::why_refused(const protocol::Address& address) const {
  const io::NetworkList& networks = options_.web.access.worker_networks;
  if (!io::is_ip_literal(address.host) || networks.contains(address.host)) return {};
  return "is outside the networks that workers may be in; allow its network with "
         "--worker-network";
}

void Service::stop() {
  stopping_ = true;
  drained_by_ = Clock::now() + options_.web.timeouts.drain;
  if (shared_workers_) shared_workers_->stop();
  if (storage_) storage_->stop();
  if (job_runner_) job_runner_->stop();
  server_.stop();
}

/// Reads files again that an operator may have replaced. If one is unusable, its former content
/// stays in use.
void Service::reload() {
  spdlog::info("SIGHUP: reading the files of tokens, keys and certificates again");
  try {
    if (!options_.admin_token_file.empty()) {
      server_.set_admin_token(io::read_token_file(options_.admin_token_file));
    }
  } catch (const std::runtime_error& error) {
    spdlog::error("the former admin token stays in use: {}", error.what());
  }
  if (storage_) read_visitor_key();
  if (options_.dispatch.tls) options_.dispatch.tls->reload_and_log();
  spdlog::info("SIGHUP: done");
}

std::optional<StoreStatus> Service::store_status() const {
  if (!storage_) return std::nullopt;
  return storage_->status();
}

/// Without a key, nobody could see the results that would be kept.
bool Service::storage_available() const {
  if (!storage_) return true;
  const bool needs_key = storage_->history() && options_.web.results_by != ResultsBy::address;
  return storage_->problem().empty() && (has_visitor_key_ || !needs_key);
}

/// Without a key, visitors get no cookies, and nothing is kept for them. Everything else works.
void Service::read_visitor_key() {
  try {
    server_.set_visitor_key(storage_->visitor_key());
    if (!key_problem_.empty()) spdlog::info("the key of visitors' cookies could be read");
    has_visitor_key_ = true;
    key_problem_.clear();
  } catch (const std::runtime_error& error) {
    if (key_problem_ == error.what()) return;
    key_problem_ = error.what();
    spdlog::error(
        "can't read the key of visitors' cookies. Until that is possible, {}. Problem: {}",
        has_visitor_key_ ? "the former one stays in use" : "no results are kept for visitors",
        error.what());
  }
}

/// Reads the key as soon as that is possible, for example when the disk has room for it.
asio::awaitable<void> Service::wait_for_visitor_key() {
  auto pause = key_pause_first;
  while (storage_ && !has_visitor_key_) {
    co_await io::sleep_for(pause);
    pause = std::min(2 * pause, key_pause_max);
    if (!has_visitor_key_) read_visitor_key();
  }
}

/// A dispatcher that has just started would refuse images only because it hasn't asked yet who its
/// workers are. Connections wait meanwhile.
asio::awaitable<void> Service::wait_for_first_workers() {
  const auto until = Clock::now() + first_workers_wait;
  while (!stopping_ && !has_looked_for_workers() && Clock::now() < until) {
    co_await io::sleep_for(first_workers_pause);
  }
}

bool Service::has_looked_for_workers() const {
  const bool shared = !shared_workers_ || shared_workers_->has_exchanged();
  return shared && std::ranges::all_of(discovery_.statuses(), [](const DiscoveryStatus& status) {
           return status.answered_ms || status.failures > 0;
         });
}

asio::awaitable<void> Service::serve() {
  co_await wait_for_first_workers();
  co_await server_.run();
  monitor_.stop();
  if (job_runner_) co_await job_runner_->finish(drained_by_);
  // Waits for images that are still being sent to reference servers although their requests have
  // ended.
  co_await dispatcher_.finish(drained_by_);
}

std::unique_ptr<JobRunner> Service::make_job_runner() {
  if (!storage_) return nullptr;
  const JobRunner::Options options{.request_timeout = options_.web.timeouts.request};
  interactive_.on_end([this] {
    if (storage_->jobs().load().waiting > 0) job_runner_->wake();
  });
  return std::make_unique<JobRunner>(
      io_.get_executor(), storage_->jobs(), dispatcher_,
      [this] {
        return JobRunner::Surroundings{.workers_in_rotation = workers_.in_rotation_count(),
                                       .interactive = interactive_.in_flight()};
      },
      options);
}

asio::ip::tcp::acceptor Service::open_port() {
  auto acceptor = io::open_acceptor(io_.get_executor(), options_.address, options_.port);
  listening_address_ = io::listening_address(acceptor);
  return acceptor;
}

void Service::add(const std::vector<protocol::Address>& addresses, const std::string& source) {
  for (const auto& address : addresses) {
    if (const std::string why = why_refused(address); !why.empty()) {
      throw std::runtime_error(to_string(address) + " (from " + source + ") " + why);
    }
    if (workers_.add(address) == AddResult::list_full) {
      throw std::runtime_error("there are more than " + std::to_string(workers_max) +
                               " workers; list fewer, or delete lines from the --state file");
    }
  }
}

void Service::save() {
  std::vector<protocol::Address> addresses;
  for (const WorkerRow& row : workers_.snapshot()) {
    if (row.by_address) addresses.push_back(row.worker.address);
  }
  // An ejection doesn't change the addresses. Writing the unchanged list would only make everyone
  // wait for the disk.
  if (addresses == stored_) return;
  try {
    store_->save(addresses);
    stored_ = std::move(addresses);
  } catch (const std::system_error& error) {
    spdlog::error("can't save the worker list: {}", error.what());
  }
}

}  // namespace samoyed::dispatcher
