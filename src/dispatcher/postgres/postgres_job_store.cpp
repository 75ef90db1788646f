#include "dispatcher/postgres/postgres_job_store.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <system_error>

#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/jobs/job_request.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher::postgres {

class PostgresJobStore::Operation {
 public:
  explicit Operation(PostgresJobStore& store) : store_(store) {
    ++store_.operations_;
    ++store_.operations_under_way_;
  }
  ~Operation() { --store_.operations_under_way_; }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

 private:
  PostgresJobStore& store_;
};

PostgresJobStore::PostgresJobStore(asio::any_io_executor executor, Pool& pool, LeaseKeeper& keeper,
                                   JobsOptions options)
    : pool_(pool),
      keeper_(keeper),
      options_(options),
      poll_soon_(executor),
      notify_soon_(executor),
      stopped_(executor),
      watches_(executor, options.watchers_max,
               [this](std::string id) { return find(std::move(id)); }) {}

asio::awaitable<Submitted> PostgresJobStore::submit(JobRequest request) {
  if (stopping_) co_return SubmitError::stopping;
  request.client = cut_text(std::move(request.client));  // As it is read from the database.
  const auto obstacle = find_obstacle(request, load_, clients_, options_);
  if (obstacle) co_return *obstacle;
  const Operation operation(*this);
  const auto rows =
      std::make_shared<const std::vector<JobRow>>(rows_of(request, io::wall_clock_ms(), clients_));
  for (const JobRow& row : *rows) {
    ++load_.waiting;
    load_.bytes += row.job.image_bytes;
  }
  const auto images = std::make_shared<const std::vector<JobImage>>(std::move(request.images));
  const auto error = co_await try_insert(rows, images);
  if (error) {
    for (const JobRow& row : *rows) {
      subtract(load_.waiting, std::size_t{1});
      subtract(load_.bytes, row.job.image_bytes);
      clients_.remove(row.client, row.job.image_bytes);
    }
    co_await remove_stored_images(rows, images);
    co_return *error;
  }
  notify_others();
  on_submitted_();
  std::vector<std::string> ids;
  for (const JobRow& row : *rows) ids.push_back(row.job.id);
  co_return ids;
}

asio::awaitable<std::optional<SubmitError>> PostgresJobStore::try_insert(RowsPointer rows,
                                                                         ImagesPointer images) {
  std::optional<SubmitError> error;
  try {
    co_await store_unread_images(rows, images);
    co_await insert(rows, images);
  } catch (const StorageError& failure) {
    error = SubmitError::storage;
    spdlog::error("can't store a job: {}", failure.what());
  } catch (const std::system_error& failure) {
    error = SubmitError::storage;
    spdlog::error("can't read the image of a job: {}", failure.what());
  }
  co_return error;
}

/// Stores the images that aren't in memory, one after the other, so that only one is. They are in
/// transactions of their own: none is open while an image is read.
asio::awaitable<void> PostgresJobStore::store_unread_images(RowsPointer rows,
                                                            ImagesPointer images) {
  for (std::size_t index = 0; index < images->size(); ++index) {
    const JobImage& image = (*images)[index];
    if (!image.read) continue;
    asio::awaitable<std::string> reading = image.read();
    std::string read = co_await std::move(reading);
    const auto bytes = std::make_shared<const std::string>(std::move(read));
    auto work = [rows, index, bytes](Connection& connection) {
      insert_image(connection, (*rows)[index].job.id, *bytes);
      return true;
    };
    co_await pool_.run(std::move(work), bytes->size());
  }
}

/// Inserts the jobs, once more after a lost connection: the ids are known, so that no job is
/// inserted twice.
asio::awaitable<void> PostgresJobStore::insert(RowsPointer rows, ImagesPointer images) {
  std::size_t bytes = 0;
  for (const JobImage& image : *images) bytes += image.bytes.size();
  const auto work = [rows, images](Insertion insertion) {
    return [rows, images, insertion](Connection& connection) {
      insert_jobs(connection, *rows, *images, insertion);
      return true;
    };
  };
  try {
    auto first = work(Insertion::first);
    co_await pool_.run(std::move(first), bytes);
    co_return;
  } catch (const ConnectionLostError& failure) {
    spdlog::warn("stores a job again because the connection was lost: {}", failure.what());
  }
  auto again = work(Insertion::repeated);
  co_await pool_.run(std::move(again), bytes);
}

/// If the images can't be removed now, the removal of old rows does it later.
asio::awaitable<void> PostgresJobStore::remove_stored_images(RowsPointer rows,
                                                             ImagesPointer images) {
  const bool stored =
      std::ranges::any_of(*images, [](const JobImage& image) { return image.read != nullptr; });
  if (!stored) co_return;
  auto work = [rows](Connection& connection) {
    remove_images(connection, *rows);
    return true;
  };
  try {
    co_await pool_.run(std::move(work));
  } catch (const StorageError& failure) {
    spdlog::debug("can't remove the images of rejected jobs now: {}", failure.what());
  }
}

asio::awaitable<std::optional<Job>> PostgresJobStore::find(std::string id) {
  auto work = [id = std::move(id)](Connection& connection) { return find_job(connection, id); };
  co_return co_await pool_.run(std::move(work));
}

asio::awaitable<bool> PostgresJobStore::cancel(std::string id) {
  const Operation operation(*this);
  auto work = [id](Connection& connection) { return cancel_job(connection, id); };
  const auto canceled = co_await pool_.run(std::move(work));
  if (!canceled) co_return false;
  subtract(canceled->was_running ? load_.running : load_.waiting, std::size_t{1});
  subtract(load_.bytes, canceled->image_bytes);
  clients_.remove(canceled->client, canceled->image_bytes);
  watches_.notify(id);
  on_cancelled_(id);
  co_return true;
}

asio::awaitable<ClaimedJobs> PostgresJobStore::claim(std::size_t count, std::uint64_t bytes_max) {
  if (!keeper_.lease().may_start(Lease::Clock::now())) {
    throw UnavailableError("the lease in the store hasn't been renewed in time");
  }
  const Operation operation(*this);
  auto work = [owner = keeper_.id(), count, bytes_max](Connection& connection) {
    return claim_jobs(connection, owner, count, bytes_max);
  };
  auto found = co_await pool_.run(std::move(work));
  subtract(load_.waiting, found.jobs.size());
  load_.running += found.jobs.size();
  for (const ClaimedJob& job : found.jobs) {
    claimed_[job.token.job_id] = {.number = job.token.attempt, .client = job.row.client};
    clients_.claimed(job.row.turn);
    watches_.notify(job.token.job_id);
  }
  co_return found;
}

asio::awaitable<std::shared_ptr<const protocol::EncodedImage>> PostgresJobStore::image(
    std::string id) {
  auto work = [id = std::move(id)](
                  Connection& connection) -> std::shared_ptr<const protocol::EncodedImage> {
    const auto bytes = find_image(connection, id);
    if (!bytes) return nullptr;
    return std::make_shared<const protocol::EncodedImage>(std::as_bytes(std::span(*bytes)));
  };
  try {
    co_return co_await pool_.run(std::move(work));
  } catch (const StorageError& error) {
    throw std::system_error(EIO, std::generic_category(), error.what());
  }
}

/// Runs a statement that ends a claim. If the token was stale, finds out why.
template <typename Statement>
asio::awaitable<PostgresJobStore::ClaimEnd> PostgresJobStore::run_end(ClaimToken token,
                                                                      Statement statement) {
  auto work = [token, statement = std::move(statement)](Connection& connection) {
    ClaimEnd ended{.image_bytes = statement(connection)};
    if (!ended.image_bytes) ended.fenced_off = is_fenced_off(connection, token);
    return ended;
  };
  const ClaimEnd ended = co_await pool_.run(std::move(work));
  refused_ends_ += ended.fenced_off;
  co_return ended;
}

asio::awaitable<bool> PostgresJobStore::finish(ClaimToken token, HistoryRow result) {
  const Operation operation(*this);
  auto work = [token, result = within_limits(std::move(result))](Connection& connection) {
    return finish_job(connection, token, result);
  };
  const ClaimEnd ended = co_await run_end(token, std::move(work));
  co_return end(token, ended);
}

asio::awaitable<bool> PostgresJobStore::fail(ClaimToken token, JobError error) {
  const Operation operation(*this);
  auto work = [token, error = std::move(error)](Connection& connection) {
    return fail_job(connection, token, error);
  };
  const ClaimEnd ended = co_await run_end(token, std::move(work));
  co_return end(token, ended);
}

/// Returns the client of the job, if the claim was known.
std::string PostgresJobStore::forget_claim(const ClaimToken& token) {
  const auto found = claimed_.find(token.job_id);
  if (found == claimed_.end() || found->second.number != token.attempt) return {};
  std::string client = std::move(found->second.client);
  claimed_.erase(found);
  return client;
}

/// After a claim's end was committed, or its token was stale.
bool PostgresJobStore::end(const ClaimToken& token, const ClaimEnd& ended) {
  const std::string client = forget_claim(token);
  if (!ended.image_bytes) return false;
  subtract(load_.running, std::size_t{1});
  subtract(load_.bytes, *ended.image_bytes);
  clients_.remove(client, *ended.image_bytes);
  watches_.notify(token.job_id);
  return true;
}

asio::awaitable<bool> PostgresJobStore::put_back(ClaimToken token, JobRetry retry) {
  const Operation operation(*this);
  auto work = [token, retry = std::move(retry)](Connection& connection) {
    return put_back_job(connection, token, retry);
  };
  const ClaimEnd ended = co_await run_end(token, std::move(work));
  forget_claim(token);
  if (!ended.image_bytes) co_return false;
  subtract(load_.running, std::size_t{1});
  ++load_.waiting;
  watches_.notify(token.job_id);
  co_return true;
}

std::optional<std::chrono::milliseconds> PostgresJobStore::oldest_waiting(
    std::chrono::steady_clock::time_point now) const {
  if (load_.waiting == 0 || !oldest_waiting_since_) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - *oldest_waiting_since_);
}

void PostgresJobStore::set_oldest_waiting(const UnfinishedJobs& found) {
  oldest_waiting_since_.reset();
  if (!found.oldest_waiting) return;
  oldest_waiting_since_ = std::chrono::steady_clock::now() - *found.oldest_waiting;
}

void PostgresJobStore::set_unfinished(UnfinishedJobs found) {
  set_oldest_waiting(found);
  load_ = found.load;
  const std::int64_t turn = clients_.turn();
  clients_ = std::move(found.clients);
  clients_.claimed(turn);
}

void PostgresJobStore::notify_others() {
  to_notify_ = true;
  notify_soon_.notify();
}

void PostgresJobStore::stop() {
  stopping_ = true;
  watches_.stop();
  poll_soon_.notify();
  notify_soon_.notify();
  stopped_.notify();
}

}  // namespace samoyed::dispatcher::postgres
