#include "dispatcher/storage/sqlite_storage.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <sys/file.h>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/history/adoption_rows.hpp"
#include "dispatcher/history/old_rows.hpp"
#include "dispatcher/history/removals.hpp"
#include "dispatcher/history/schema.hpp"
#include "dispatcher/history/statistics_rows.hpp"
#include "dispatcher/jobs/job_recovery.hpp"
#include "dispatcher/jobs/job_rows.hpp"
#include "dispatcher/storage/data_folder.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;
constexpr std::chrono::milliseconds watch_interval{5000};
constexpr std::int64_t before_all_times = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t rows_unlimited = std::numeric_limits<std::uint64_t>::max();

/// How many of `rows` rows may go because of their age in one interval, which is a minute. If the
/// clock has jumped, most of the history is still there after some hours.
std::uint64_t share(std::uint64_t rows) { return rows / 720 + 1; }

/// Returns the lock file's path. The lock is held until the file descriptor is closed, which a
/// crash does too.
std::filesystem::path lock_file(const std::filesystem::path& folder) {
  prepare_data_folder(folder);
  return folder / "lock";
}

void lock(const DurableFile& file, const std::filesystem::path& folder) {
  if (flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error("another samoyed-dispatcher uses " + folder.string() +
                             ": stop it or choose another --data-dir");
  }
}

auto log_end_of(const char* loop) {
  return [loop](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("the {} failed: {}", loop, error.what());
    }
  };
}

}  // namespace

SqliteStorage::SqliteStorage(asio::any_io_executor executor, StorageOptions options)
    : executor_(executor),
      options_(std::move(options)),
      lock_(lock_file(options_.folder), O_RDWR | O_CREAT | O_CLOEXEC, 0600),
      spool_((lock(lock_, options_.folder), options_.folder / "spool")),
      reserve_(options_.folder / "reserve"),
      writer_([this] { return open_database(); }, DatabaseThread::Kind::writer, {}, &reserve_),
      reader_([this] { return open_history_reader(file()); }, DatabaseThread::Kind::reader, {}),
      statistics_reader_([this] { return open_history_reader(file()); },
                         DatabaseThread::Kind::reader, {}),
      history_(writer_, reader_, statistics_reader_),
      jobs_(
          executor, writer_, reader_, spool_, options_.jobs, recovered_, [](JobStep) {}, &reserve_),
      retention_(executor, writer_, retention_steps()),
      watch_soon_(executor) {}

std::string SqliteStorage::visitor_key() const { return load_visitor_key(options_.folder); }

std::string SqliteStorage::problem() const {
  for (const DatabaseThread* const thread : {&writer_, &reader_, &statistics_reader_}) {
    if (std::string problem = thread->problem(); !problem.empty()) return problem;
  }
  return {};
}

StoreStatus SqliteStorage::status() const {
  StoreStatus status;
  status.parts = {{.name = "writer", .calls = writer_.calls()},
                  {.name = "reader", .calls = reader_.calls()},
                  {.name = "statistics", .calls = statistics_reader_.calls()}};
  if (jobs_.load().waiting > 0 && oldest_waiting_ms_) {
    const std::int64_t age_ms = io::wall_clock_ms() - *oldest_waiting_ms_;
    status.oldest_waiting = std::chrono::milliseconds(std::max(age_ms, std::int64_t{0}));
  }
  return status;
}

/// Looks for the oldest waiting job from time to time.
asio::awaitable<void> SqliteStorage::watch_queue() {
  while (!stopping_) {
    try {
      std::optional<std::int64_t> found;
      if (jobs_.load().waiting > 0) found = co_await reader_.run(oldest_waiting_ms);
      oldest_waiting_ms_ = found;
    } catch (const StorageError& error) {
      spdlog::debug("can't look for the oldest waiting job: {}", error.what());
    }
    co_await watch_soon_.wait_until(io::Event::Clock::now() + watch_interval);
  }
}

/// Removes the log of a database that another one has replaced: SQLite would apply it to that one.
void SqliteStorage::remove_stale_log() const {
  const auto log = file().string() + "-wal";
  if (!opened_log_ || Database::file_id(log) != opened_log_) return;
  if (Database::file_id(file()) == opened_ && !emptied_) return;
  std::filesystem::remove(log);
  std::filesystem::remove(file().string() + "-shm");
}

/// Creates the database under another name, so that a crash or a full disk never leaves an empty
/// file: that would look like one which somebody has emptied.
void SqliteStorage::create_database() const {
  const auto remove_files = [](const std::string& path) {
    for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) {
      std::filesystem::remove(path + suffix);
    }
  };
  const std::string temporary = file().string() + ".new";
  remove_files(temporary);
  static_cast<void>(open_history(temporary));
  remove_files(file().string());  // The log of a database that is gone must not be applied.
  std::filesystem::rename(temporary, file());
  sync_folder(options_.folder);
}

void SqliteStorage::refuse_emptied() {
  if (!Database::is_emptied(file())) return;
  emptied_ = true;
  throw DamageError(file().string() +
                    " was emptied: restore it, or delete it and restart the dispatcher to begin a "
                    "new one");
}

/// Opens the database for the writer, and recovers the jobs of one that wasn't open before. Only
/// the start creates a database: later, a missing one has been taken away, and comes back.
Database SqliteStorage::open_database() {
  const bool starting = std::exchange(starting_, false);
  const bool created = !std::filesystem::exists(file());
  if (created && opened_) {
    throw DiskError(file().string() +
                    " is missing: restore it, or restart the dispatcher to begin a new one");
  }
  refuse_emptied();
  remove_stale_log();
  if (created) create_database();
  Database database = open_history(file());
  const bool known = database.file() == opened_ && !emptied_;
  if (known && database.is_current()) opened_log_ = database.log();
  if (known) return database;
  // While jobs are submitted, there are images that the database doesn't know yet.
  const auto orphans = starting ? Orphans::set_aside : Orphans::keep;
  UnfinishedJobs found = recover_jobs(database, spool_, interrupted_, orphans);
  forget_adoptions(database);
  opened_ = database.file();
  emptied_ = false;
  if (database.is_current()) opened_log_ = database.log();
  if (found.load.waiting > 0) spdlog::info("{} jobs are waiting", found.load.waiting);
  if (starting) {
    recovered_ = std::move(found);
  } else {
    asio::post(executor_, [this, found = std::move(found), alive = std::weak_ptr(alive_)] {
      if (alive.lock()) jobs_.recovered(found);
    });
  }
  return database;
}

SqliteStorage::~SqliteStorage() {
  jobs_.join();
  writer_.stop();
  reader_.stop();
  statistics_reader_.stop();
  if (const auto lost = history_.dropped()) {
    spdlog::warn("{} rows of the history were dropped", lost);
  }
}

std::vector<Retention::Step> SqliteStorage::retention_steps() const {
  const auto keep_jobs_ms = options_.jobs.keep_finished.count();
  // If the history is turned off, results are kept only for the jobs.
  const std::int64_t keep_rows_ms =
      options_.history.enabled ? options_.history.days * day_ms : keep_jobs_ms;
  return {{.carry_out = [](Database& database, std::int64_t,
                           std::size_t count) { return resume_removals(database, count); }},
          {.carry_out = [](Database& database, std::int64_t,
                           std::size_t count) { return resume_adoptions(database, count); }},
          {.carry_out =
               [rows_max = options_.history.rows_max](Database& database, std::int64_t,
                                                      std::size_t count) {
                 return remove_old_rows(database, before_all_times, rows_max, count);
               }},
          {.carry_out =
               [keep_rows_ms](Database& database, std::int64_t now_ms, std::size_t count) {
                 const std::int64_t newest = std::min(now_ms, newest_row_ms(database));
                 return remove_old_rows(database, newest - keep_rows_ms, rows_unlimited, count);
               },
           .rows_max = [](Database& database) { return share(rows_at_most(database)); }},
          {.carry_out =
               [keep_jobs_ms](Database& database, std::int64_t now_ms, std::size_t count) {
                 const std::int64_t newest = std::min(now_ms, newest_finished_ms(database));
                 return remove_finished_jobs(database, newest - keep_jobs_ms, count);
               },
           .rows_max = [](Database& database) { return share(finished_jobs(database)); }},
          {.carry_out = [](Database& database, std::int64_t, std::size_t count) -> std::uint64_t {
            return prepare_statistics(database, prepared_rows_max) ? count : 0;
          }}};
}

void SqliteStorage::start() {
  asio::co_spawn(executor_, retention_.run(), log_end_of("removal of old rows"));
  asio::co_spawn(executor_, watch_queue(), log_end_of("watch of the jobs' queue"));
}

void SqliteStorage::stop() {
  jobs_.stop();
  history_.stop();
  retention_.stop();
  stopping_ = true;
  watch_soon_.notify();
}

}  // namespace samoyed::dispatcher
