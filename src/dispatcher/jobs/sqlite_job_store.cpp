#include "dispatcher/jobs/sqlite_job_store.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/run_on.hpp"
#include "samoyed/io/event.hpp"
#include "samoyed/io/random.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr auto power_loss = DatabaseThread::Durability::power_loss;
constexpr auto process_crash = DatabaseThread::Durability::process_crash;
/// A job that is claimed ends, and then its image can be removed.
constexpr bool frees_space = true;

std::vector<JobRow> rows_of(const JobRequest& request, ClientJobs& clients) {
  std::vector<JobRow> rows;
  for (const JobImage& image : request.images) {
    JobRow row{.job = {.id = io::random_hex(io::id_bytes),
                       .submitted_ms = io::wall_clock_ms(),
                       .file_name = image.file_name,
                       .image_bytes = image.size()},
               .visitor = request.visitor,
               .client = request.client,
               .request_id = request.request_id,
               .top = request.top,
               .model = request.model,
               .thumbnail_side = request.thumbnail_side,
               .turn = clients.add(request.client, image.size())};
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Subtracts down to 0: after the database was replaced, the load counts the jobs of the new one,
/// and jobs of the former one may still end.
template <typename Number>
void subtract(Number& number, Number by) {
  number -= std::min(number, by);
}

}  // namespace

class SqliteJobStore::Watch final : public JobWatch {
 public:
  Watch(SqliteJobStore& jobs, std::string id)
      : jobs_(jobs), id_(std::move(id)), changed_(jobs.executor_) {
    place_ = jobs_.watches_.emplace(id_, this);
    if (jobs_.stopping_) end();
  }
  ~Watch() override { jobs_.watches_.erase(place_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  asio::awaitable<std::optional<Job>> next(std::chrono::steady_clock::time_point until) override {
    while (!ended_ && (dirty_ || std::chrono::steady_clock::now() < until)) {
      if (std::exchange(dirty_, false)) {
        auto job = co_await jobs_.find(id_);
        if (!job || job->state >= JobState::done) ended_ = true;
        if (job != given_) {
          given_ = job;
          co_return job;
        }
      } else {
        co_await changed_.wait_until(until);
      }
    }
    co_return std::nullopt;
  }
  bool ended() const override { return ended_; }

  void notify() {
    dirty_ = true;
    changed_.notify();
  }
  void end() {
    ended_ = true;
    changed_.notify();
  }

 private:
  SqliteJobStore& jobs_;
  const std::string id_;
  io::Event changed_;
  std::multimap<std::string, Watch*>::iterator place_;
  std::optional<Job> given_;
  bool dirty_ = true;
  bool ended_ = false;
};

SqliteJobStore::SqliteJobStore(asio::any_io_executor executor, DatabaseThread& writer,
                               DatabaseThread& reader, Spool spool, JobsOptions options,
                               RecoveredJobs found, OnJobStep on_step, DiskReserve* reserve)
    : executor_(std::move(executor)),
      writer_(writer),
      reader_(reader),
      spool_(std::move(spool)),
      owner_(io::random_hex(io::id_bytes)),
      options_(options),
      on_step_(std::move(on_step)),
      reserve_(reserve),
      load_(found.load),
      clients_(std::move(found.clients)) {}

SqliteJobStore::~SqliteJobStore() { files_.join(); }

std::optional<SubmitError> SqliteJobStore::find_obstacle(const JobRequest& request) const {
  if (stopping_) return SubmitError::stopping;
  std::uint64_t bytes = 0;
  for (const JobImage& image : request.images) bytes += image.size();
  const bool has_room =
      load_.waiting + load_.running + request.images.size() <= options_.images_max &&
      load_.bytes + bytes <= options_.bytes_max;
  if (!has_room) return SubmitError::full;
  if (!clients_.may_add(request.client, request.images.size(), bytes, options_)) {
    return SubmitError::client_share;
  }
  return std::nullopt;
}

/// Returns the rows of new jobs, which count from now on.
SqliteJobStore::Rows SqliteJobStore::add_rows(const JobRequest& request) {
  auto rows = std::make_shared<const std::vector<JobRow>>(rows_of(request, clients_));
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
  std::optional<SubmitError> error = find_obstacle(request);
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

std::unique_ptr<JobWatch> SqliteJobStore::watch(std::string id) {
  if (watches_.size() >= options_.watchers_max) return nullptr;
  return std::make_unique<Watch>(*this, std::move(id));
}

void SqliteJobStore::recovered(RecoveredJobs found) {
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
  for (const auto& [id, watch] : watches_) watch->end();
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
    notify_watches(job.token.job_id);
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
  notify_watches(token.job_id);
  co_return true;
}

/// After a job's end was committed: updates the load, notifies the watches and removes the image.
asio::awaitable<void> SqliteJobStore::end(std::string id, EndedJob ended) {
  const bool waited = ended.state_before == JobState::waiting;
  subtract(waited ? load_.waiting : load_.running, std::size_t{1});
  subtract(load_.bytes, ended.image_bytes);
  clients_.remove(ended.client, ended.image_bytes);
  notify_watches(id);
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

void SqliteJobStore::notify_watches(const std::string& id) {
  const auto [begin, end] = watches_.equal_range(id);
  for (auto watch = begin; watch != end; ++watch) watch->second->notify();
}

}  // namespace samoyed::dispatcher
