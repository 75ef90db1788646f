#include "dispatcher/postgres/postgres_storage.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/libpq/store_url.hpp"
#include "dispatcher/postgres/lease_rows.hpp"
#include "dispatcher/postgres/migrations.hpp"
#include "dispatcher/postgres/open_postgres.hpp"
#include "dispatcher/postgres/snapshots.hpp"
#include "samoyed/io/random.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 60 * 60 * 1000;
constexpr std::chrono::milliseconds rescue_interval{5000};
constexpr std::chrono::milliseconds tidy_up_interval{60000};
/// The connections for jobs and pages. With several, commits share a sync of the database's disk.
constexpr std::size_t pool_threads = 4;

auto log_end_of(const char* loop) {
  return [loop](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("the {} failed: {}", loop, error.what());
    }
  };
}

/// Reads a value that all dispatchers share. The first one creates it.
std::string shared_setting(Connection& connection, const std::string& name,
                           const std::string& created) {
  connection.run("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                 Params().add(name).add(created));
  return connection.run("SELECT value FROM setting WHERE name = $1", Params().add(name)).text(0, 0);
}

StorageOptions checked(StorageOptions options) {
  check_store_url(options.url);
  return options;
}

}  // namespace

PostgresStorage::PostgresStorage(asio::any_io_executor executor, StorageOptions options)
    : executor_(executor),
      options_(checked(std::move(options))),
      rescue_soon_(executor),
      tidy_up_soon_(executor),
      keeper_(
          (connect_first(), [this] { return open(); }), io::random_hex(io::id_bytes),
          options_.instance_name.empty() ? io::random_hex(io::id_bytes) : options_.instance_name,
          [this](Connection& connection) { read_shared_settings(connection); }),
      pool_([this] { return open(); }, pool_threads),
      statistics_pool_([this] { return open(); }, 1),
      writer_([this] { return open(); }, keeper_.id()),
      history_(writer_, pool_, statistics_pool_),
      jobs_(executor, pool_, keeper_, options_.jobs),
      workers_(pool_, options_.instance_name, [this] { jobs_.notify_others(); }),
      listener_([this] { return open(); }, [this] { post([this] { look_for_changes(); }); }) {
  const std::lock_guard lock(mutex_);
  jobs_.set_unfinished(std::move(found_at_start_));
  started_ = true;
}

PostgresStorage::~PostgresStorage() {
  listener_.stop();
  pool_.stop();
  statistics_pool_.stop();
  writer_.stop();
  keeper_.stop();
  if (const auto lost = history_.dropped()) {
    spdlog::warn("{} rows of the history were dropped", lost);
  }
}

Connection PostgresStorage::open() const {
  Connection connection(options_.url);
  migrate(connection);
  return connection;
}

/// A newer schema ends the program; a database that can't be reached may come back.
void PostgresStorage::connect_first() {
  try {
    open();
  } catch (const NewerSchemaError& error) {
    throw std::runtime_error("can't use " + options_.url + ": " + error.what());
  } catch (const UnavailableError&) {
    // The lease's keeper reports it.
  } catch (const StorageError& error) {
    throw std::runtime_error("can't use " + options_.url + ": " + error.what());
  }
}

/// Calls on the executor's thread, unless the storage is gone.
void PostgresStorage::post(std::function<void()> call) {
  asio::post(executor_, [call = std::move(call), alive = std::weak_ptr(alive_)] {
    if (alive.lock()) call();
  });
}

void PostgresStorage::look_for_changes() {
  jobs_.wake();
  workers_.notified();
}

void PostgresStorage::read_shared_settings(Connection& connection) {
  std::string key = shared_setting(connection, "visitor_key", io::random_hex(io::secret_bytes));
  UnfinishedJobs found = find_unfinished(connection);
  if (found.load.waiting > 0) spdlog::info("{} jobs are waiting", found.load.waiting);
  const std::lock_guard lock(mutex_);
  visitor_key_ = std::move(key);
  found_at_start_ = std::move(found);
  if (!started_) return;
  post([this] {
    look_for_changes();
    on_visitor_key_();
  });
}

std::string PostgresStorage::visitor_key() const {
  const std::lock_guard lock(mutex_);
  if (visitor_key_.empty()) throw std::runtime_error("the store can't be reached");
  return visitor_key_;
}

std::string PostgresStorage::problem() const {
  if (std::string problem = keeper_.problem(); !problem.empty()) return problem;
  if (std::string problem = pool_.problem(); !problem.empty()) return problem;
  return writer_.problem();
}

StoreStatus PostgresStorage::status() const {
  const auto now = Lease::Clock::now();
  StoreStatus status;
  ConnectionUse all = listener_.use();
  const auto add_part = [&](const char* name, const ConnectionUse& use) {
    status.parts.push_back({.name = name, .calls = use.calls});
    all += use;
  };
  add_part("writer", writer_.use());
  add_part("jobs", pool_.use());
  add_part("statistics", statistics_pool_.use());
  add_part("lease", keeper_.use());
  status.oldest_waiting = jobs_.oldest_waiting(now);
  status.shared = StoreStatus::Shared{
      .reconnects = all.reconnects,
      .connect_failures = all.connect_failures,
      .lease_age = std::chrono::duration_cast<std::chrono::milliseconds>(keeper_.lease_age(now)),
      .oldest_snapshot = oldest_snapshot_,
      .rescued = rescued_,
      .rescue_failed = rescue_failed_,
      .refused_ends = jobs_.refused_ends()};
  return status;
}

RetentionLimits PostgresStorage::retention_limits() const {
  const std::int64_t keep_jobs_ms = options_.jobs.keep_finished.count();
  // If the history is turned off, results are kept only for the jobs.
  return {.keep_rows_ms = options_.history.enabled ? options_.history.days * day_ms : keep_jobs_ms,
          .rows_max = options_.history.rows_max,
          .keep_jobs_ms = keep_jobs_ms};
}

asio::awaitable<void> PostgresStorage::pause(io::Event& event, std::chrono::milliseconds length) {
  if (!stopping_) co_await event.wait_until(io::Event::Clock::now() + length);
}

asio::awaitable<void> PostgresStorage::rescue_periodically() {
  while (!stopping_) {
    co_await rescue();
    co_await look_for_snapshots();
    co_await pause(rescue_soon_, rescue_interval);
  }
}

asio::awaitable<void> PostgresStorage::rescue() {
  try {
    const Rescued rescued = co_await pool_.run(rescue_jobs);
    rescued_ += rescued.waiting;
    rescue_failed_ += rescued.failed;
    if (rescued.waiting + rescued.failed == 0) co_return;
    spdlog::warn("took over {} jobs of dispatchers that have ended, and failed {}", rescued.waiting,
                 rescued.failed);
    jobs_.wake();
  } catch (const StorageError& error) {
    spdlog::debug("can't look for jobs of dispatchers that have ended: {}", error.what());
  }
}

asio::awaitable<void> PostgresStorage::look_for_snapshots() {
  std::optional<std::chrono::milliseconds> oldest;
  try {
    oldest = co_await pool_.run(find_oldest_snapshot);
  } catch (const StorageError& error) {
    spdlog::debug("can't look for old snapshots: {}", error.what());
  }
  oldest_snapshot_ = oldest;
}

asio::awaitable<void> PostgresStorage::remove_old_rows() {
  RetentionBudget budget = co_await pool_.run(retention_budget);
  bool more = true;
  while (more && !stopping_) {
    auto piece = [limits = retention_limits(), budget](Connection& connection) {
      RetentionBudget left = budget;
      const bool again = remove_old(connection, limits, left);
      return std::pair(again, left);
    };
    const auto result = co_await pool_.run(std::move(piece));
    more = result.first;
    budget = result.second;
  }
}

asio::awaitable<void> PostgresStorage::try_step(asio::awaitable<void> step) {
  try {
    co_await std::move(step);
  } catch (const StorageError& error) {
    spdlog::error("can't tidy up the history, which is tried again in a minute: {}", error.what());
  }
}

/// A step that fails keeps no other one from its turn.
asio::awaitable<void> PostgresStorage::tidy_up_periodically() {
  while (!stopping_) {
    asio::awaitable<void> removals = history_.resume_removals();
    co_await try_step(std::move(removals));
    asio::awaitable<void> adoptions = history_.resume_adoptions();
    co_await try_step(std::move(adoptions));
    asio::awaitable<void> old_rows = remove_old_rows();
    co_await try_step(std::move(old_rows));
    co_await pause(tidy_up_soon_, tidy_up_interval);
  }
}

void PostgresStorage::start() {
  asio::co_spawn(executor_, jobs_.poll(), log_end_of("poll for jobs"));
  asio::co_spawn(executor_, jobs_.watch_lease(), log_end_of("watch of the lease"));
  asio::co_spawn(executor_, jobs_.notify(), log_end_of("notification of jobs"));
  asio::co_spawn(executor_, rescue_periodically(), log_end_of("rescue of jobs"));
  asio::co_spawn(executor_, tidy_up_periodically(), log_end_of("removal of old rows"));
}

void PostgresStorage::stop() {
  stopping_ = true;
  jobs_.stop();
  history_.stop();
  rescue_soon_.notify();
  tidy_up_soon_.notify();
}

std::unique_ptr<Storage> open_postgres(asio::any_io_executor executor,
                                       const StorageOptions& options) {
  return std::make_unique<PostgresStorage>(std::move(executor), options);
}

}  // namespace samoyed::dispatcher::postgres
