#include "dispatcher/storage/sqlite_storage.hpp"

#include <algorithm>
#include <exception>
#include <fcntl.h>
#include <stdexcept>
#include <sys/file.h>
#include <utility>

#include <asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/schema.hpp"
#include "dispatcher/storage/data_folder.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;

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

Database open_recovered(const std::filesystem::path& folder, const Spool& spool,
                        Jobs::Load& recovered) {
  Database database = open_history(folder / "history.sqlite");
  recovered = recover_jobs(database, spool);
  if (recovered.waiting > 0) spdlog::info("{} jobs are waiting", recovered.waiting);
  return database;
}

void log_failure(std::exception_ptr failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    spdlog::error("stopped removing old rows of the history: {}", error.what());
  }
}

}  // namespace

SqliteStorage::SqliteStorage(asio::any_io_executor executor, StorageOptions options)
    : executor_(executor),
      options_(std::move(options)),
      lock_(lock_file(options_.folder), O_RDWR | O_CREAT | O_CLOEXEC, 0600),
      spool_((lock(lock_, options_.folder), options_.folder / "spool")),
      writer_(open_recovered(options_.folder, spool_, recovered_), DatabaseThread::Kind::writer,
              {}),
      reader_(open_history_reader(options_.folder / "history.sqlite"), DatabaseThread::Kind::reader,
              {}),
      history_(writer_, reader_),
      jobs_(executor, writer_, reader_, spool_, options_.jobs, recovered_),
      retention_(executor, writer_, retention_steps()) {}

std::string SqliteStorage::visitor_key() const { return load_visitor_key(options_.folder); }

SqliteStorage::~SqliteStorage() {
  jobs_.join();
  writer_.stop();
  reader_.stop();
  if (const auto lost = history_.dropped()) {
    spdlog::warn("{} rows of the history were dropped", lost);
  }
}

std::vector<Retention::Step> SqliteStorage::retention_steps() const {
  const auto keep_jobs_ms = options_.jobs.keep_finished.count();
  // If the history is turned off, results are kept only for the jobs.
  const std::int64_t keep_rows_ms =
      options_.history.enabled ? options_.history.days * day_ms : keep_jobs_ms;
  return {[keep_rows_ms, rows_max = options_.history.rows_max](
              Database& database, std::int64_t now_ms, std::size_t count) {
            return remove_old_rows(database, now_ms - keep_rows_ms, rows_max, count);
          },
          [keep_jobs_ms](Database& database, std::int64_t now_ms, std::size_t count) {
            return remove_finished_jobs(database, now_ms - keep_jobs_ms, count);
          }};
}

void SqliteStorage::start() { asio::co_spawn(executor_, retention_.run(), log_failure); }

void SqliteStorage::stop() {
  jobs_.stop();
  retention_.stop();
}

}  // namespace samoyed::dispatcher
