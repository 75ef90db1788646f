#include "dispatcher/jobs/sqlite_job_store.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/job_request.hpp"
#include "dispatcher/jobs/run_on.hpp"
#include "samoyed/io/random.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr auto power_loss = DatabaseThread::Durability::power_loss;
constexpr auto process_crash = DatabaseThread::Durability::process_crash;
/// A job that is claimed ends, and then its image can be removed.
constexpr bool frees_space = true;

}  // namespace

SqliteJobStore::SqliteJobStore(asio::any_io_executor executor, DatabaseThread& writer,
                               DatabaseThread& reader, Spool spool, JobsOptions options,
                               UnfinishedJobs found, OnJobStep on_step, DiskReserve* reserve)
    : executor_(std::move(executor)),
      writer_(writer),
      reader_(reader),
      spool_(std::move(spool)),
      owner_(io::random_hex(io::id_bytes)),
      options_(options),
      on_step_(std::move(on_step)),
      reserve_(reserve),
      load_(found.load),
      clients_(std::move(found.clients)),
      watches_(executor_, options.watchers_max,
               [this](std::string id) { return find(std::move(id)); }) {}

SqliteJobStore::~SqliteJobStore() { files_.join(); }

/// Returns the rows of new jobs, which count from now on.
SqliteJobStore::Rows SqliteJobStore::add_rows(const JobRequest& request) {
  auto rows =
      std::make_shared<const std::vector<JobRow>>(rows_of(request, io::wall_clock_ms(), clients_));
  for (const JobRow& row : *rows) {
    ++load_.waiting;
    load_.bytes += row.job.image_bytes;
  }
  submitting_.insert(rows);
  return rows;
}

/// Undoes `add_rows`.
void SqliteJobStore::subtract_rows(const std::vector<JobRow>& rows) {
  for (const JobRow& row : rows) {
    subtract(load_.waiting, std::size_t{1});
    subtract(load_.bytes, row.job.image_bytes);
    clients_.remove(row.client, row.job.image_bytes);
  }
}

asio::awaitable<Submitted> SqliteJobStore::submit(JobRequest request) {
  request.client = cut_text(std::move(request.client));  // As it is read from the database.
  if (stopping_) co_return SubmitError::stopping;
  std::optional<SubmitError> error = find_obstacle(request, load_, clients_, options_);
  if (error) co_return *error;
  const Rows rows = add_rows(request);
  try {
    co_await write_images(rows, std::move(request.images));
    auto insert = [rows](Database& database) {
      for (const JobRow& row : *rows) insert_job(database, row);
      return true;
    };
    co_await writer_.run(std::move(insert), power_loss);
    on_step_(JobStep::rows_committed);
  } catch (const std::system_error& failure) {
    error = SubmitError::storage;
    spdlog::error("can't store a job: {}", failure.what());
  } catch (const StorageError& failure) {
    error = SubmitError::storage;
    spdlog::error("can't store a job: {}", failure.what());
  }
  submitting_.erase(rows);
  if (error) {
    subtract_rows(*rows);
    for (const JobRow& row : *rows) co_await remove_image(row.job.id);
    co_return *error;
  }
  std::vector<std::string> ids;
  for (const JobRow& row : *rows) ids.push_back(row.job.id);
  co_await complete_images(rows);
  on_submitted_();
  co_return ids;
}

/// Writes images to the spool, of which only one that has to be read is in memory at a time.
asio::awaitable<void> SqliteJobStore::write_images(Rows rows, std::vector<JobImage> images) {
  for (std::size_t index = 0; index < images.size(); ++index) {
    const auto bytes = std::make_shared<std::string>(std::move(images[index].bytes));
    if (images[index].read) {
      asio::awaitable<std::string> reading = images[index].read();
      *bytes = co_await std::move(reading);
    }
    auto write = [this, rows, index, bytes] {
      if (reserve_ && !reserve_->keep()) {
        throw std::system_error(ENOSPC, std::generic_category(),
                                "can't keep the reserve in the data folder");
      }
      spool_.write((*rows)[index].job.id, *bytes);
      return true;
    };
    co_await run_on(files_, std::move(write));
  }
  auto sync = [this] {
    spool_.sync();
    return true;
  };
  co_await run_on(files_, std::move(sync));
}

/// An image that can't be renamed is found by its first name, also by the next start.
asio::awaitable<void> SqliteJobStore::complete_images(Rows rows) {
  auto complete = [this, rows] {
    for (const JobRow& row : *rows) spool_.complete(row.job.id);
    return true;
  };
  try {
    co_await run_on(files_, std::move(complete));
  } catch (const std::system_error& error) {
    spdlog::error("can't rename a job's image: {}", error.what());
  }
}

asio::awaitable<std::optional<Job>> SqliteJobStore::find(std::string id) {
  auto work = [id = std::move(id)](Database& database) { return find_job(database, id); };
  co_return co_await reader_.run(std::move(work));
}

asio::awaitable<bool> SqliteJobStore::cancel(std::string id) {
  auto work = [id](Database& database) {
    const JobError error{.reason = "cancelled", .detail = "The job was canceled."};
    return fail_unfinished_job(database, id, error, io::wall_clock_ms());
  };
  const auto ended = co_await writer_.run(std::move(work), power_loss, 0, frees_space);
  if (!ended) co_return false;
  co_await end(id, *ended);
  on_cancelled_(id);
  co_return true;
}

void SqliteJobStore::recovered(UnfinishedJobs found) {
  load_ = found.load;
  clients_ = std::move(found.clients);
  // They are inserted into the database that was opened now, after its jobs were counted.
  for (const Rows& rows : submitting_) {
    for (const JobRow& row : *rows) {
      ++load_.waiting;
      load_.bytes += row.job.image_bytes;
      clients_.add_again(row);
    }
  }
  on_submitted_();
}

void SqliteJobStore::stop() {
  stopping_ = true;
  watches_.stop();
}

asio::awaitable<ClaimedJobs> SqliteJobStore::claim(std::size_t count, std::uint64_t bytes_max) {
  auto work = [owner = owner_, count, bytes_max](Database& database) {
    return claim_jobs(database, owner, io::wall_clock_ms(), count, bytes_max);
  };
  auto claimed = co_await writer_.run(std::move(work), process_crash, 0, frees_space);
  subtract(load_.waiting, claimed.jobs.size());
  load_.running += claimed.jobs.size();
  for (const ClaimedJob& job : claimed.jobs) {
    on_step_(JobStep::claimed);
    clients_.claimed(job.row.turn);
    watches_.notify(job.token.job_id);
  }
  co_return claimed;
}

asio::awaitable<std::shared_ptr<const protocol::EncodedImage>> SqliteJobStore::image(
    std::string id) {
  auto work = [this, id = std::move(id)]() -> std::shared_ptr<const protocol::EncodedImage> {
    const auto bytes = spool_.read(id);
    if (!bytes) return nullptr;
    return std::make_shared<const protocol::EncodedImage>(std::as_bytes(std::span(*bytes)));
  };
  co_return co_await run_on(files_, std::move(work));
}

asio::awaitable<bool> SqliteJobStore::finish(ClaimToken token, HistoryRow result) {
  auto work = [token, result = within_limits(std::move(result)),
               on_step = on_step_](Database& database) {
    return finish_job(database, token, result, io::wall_clock_ms(),
                      [&on_step] { on_step(JobStep::result_inserted); });
  };
  const auto ended = co_await writer_.run(std::move(work), power_loss, 0, frees_space);
  if (!ended) co_return false;
  on_step_(JobStep::result_committed);
  co_await end(token.job_id, *ended);
  co_return true;
}

asio::awaitable<bool> SqliteJobStore::fail(ClaimToken token, JobError error) {
  auto work = [token, error = std::move(error)](Database& database) {
    return fail_job(database, token, error, io::wall_clock_ms());
  };
  const auto ended = co_await writer_.run(std::move(work), power_loss, 0, frees_space);
  if (!ended) co_return false;
  co_await end(token.job_id, *ended);
  co_return true;
}

asio::awaitable<bool> SqliteJobStore::put_back(ClaimToken token, JobRetry retry) {
  auto work = [token, retry = std::move(retry)](Database& database) {
    return put_back_job(database, token, retry, io::wall_clock_ms());
  };
  if (!co_await writer_.run(std::move(work), process_crash, 0, frees_space)) co_return false;
  subtract(load_.running, std::size_t{1});
  ++load_.waiting;
  watches_.notify(token.job_id);
  co_return true;
}

/// After a job's end was committed: updates the load, notifies the watches and removes the image.
asio::awaitable<void> SqliteJobStore::end(std::string id, EndedJob ended) {
  const bool waited = ended.state_before == JobState::waiting;
  subtract(waited ? load_.waiting : load_.running, std::size_t{1});
  subtract(load_.bytes, ended.image_bytes);
  clients_.remove(ended.client, ended.image_bytes);
  watches_.notify(id);
  co_await remove_image(std::move(id));
}

/// If an image can't be removed, the next start removes it.
asio::awaitable<void> SqliteJobStore::remove_image(std::string id) {
  auto work = [this, id = std::move(id)] {
    spool_.remove(id);
    return true;
  };
  try {
    co_await run_on(files_, std::move(work));
  } catch (const std::system_error& error) {
    spdlog::error("can't remove a job's image: {}", error.what());
  }
}

}  // namespace samoyed::dispatcher
