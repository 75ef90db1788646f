#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>

#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/jobs/client_jobs.hpp"
#include "dispatcher/jobs/job_recovery.hpp"
#include "dispatcher/jobs/job_rows.hpp"
#include "dispatcher/jobs/job_store.hpp"
#include "dispatcher/jobs/job_watches.hpp"
#include "dispatcher/jobs/spool.hpp"
#include "samoyed/dispatcher/jobs_options.hpp"

namespace samoyed::dispatcher {

/// Keeps jobs as rows in the history's file, and their images in a spool folder.
///
///     submit    image written and synced as ID.new; folder synced; row committed and synced; image
///               renamed to ID -> acknowledged
///     finish    result and state committed and synced together -> image removed
///
/// A crash between two steps leaves either ID.new without a row, which was never acknowledged, or a
/// finished row with its image. The next start removes such images. Any other image without a row
/// belongs to another database, and is moved aside.
///
/// Thread rule: the same as for Jobs. The database's threads and one thread for the images access
/// the disk.
class SqliteJobStore final : public JobStore {
 public:
  /// The references must outlive the store, and the store must outlive every coroutine that it
  /// started. `found` is the result of `recover_jobs`. Jobs are accepted only while `reserve`, if
  /// it isn't null, is there.
  SqliteJobStore(
      asio::any_io_executor executor, DatabaseThread& writer, DatabaseThread& reader, Spool spool,
      JobsOptions options, UnfinishedJobs found, OnJobStep on_step = [](JobStep) {},
      DiskReserve* reserve = nullptr);
  ~SqliteJobStore() override;

  asio::awaitable<Submitted> submit(JobRequest request) override;
  asio::awaitable<std::optional<Job>> find(std::string id) override;
  asio::awaitable<bool> cancel(std::string id) override;
  std::unique_ptr<JobWatch> watch(std::string id) override { return watches_.add(std::move(id)); }
  Load load() const override { return load_; }

  asio::awaitable<ClaimedJobs> claim(std::size_t count, std::uint64_t bytes_max) override;
  asio::awaitable<std::shared_ptr<const protocol::EncodedImage>> image(std::string id) override;
  asio::awaitable<bool> finish(ClaimToken token, HistoryRow result) override;
  asio::awaitable<bool> fail(ClaimToken token, JobError error) override;
  asio::awaitable<bool> put_back(ClaimToken token, JobRetry retry) override;
  void on_submitted(std::function<void()> call) override { on_submitted_ = std::move(call); }
  void on_cancelled(std::function<void(const std::string&)> call) override {
    on_cancelled_ = std::move(call);
  }

  /// Replaces the unfinished jobs after another database was opened: the result of `recover_jobs`.
  void recovered(UnfinishedJobs found);
  /// Accepts no more jobs, and ends every watch.
  void stop();
  /// Waits for the thread that handles the images. No member may be called afterward.
  void join() { files_.join(); }

 private:
  using Rows = std::shared_ptr<const std::vector<JobRow>>;

  Rows add_rows(const JobRequest& request);
  void subtract_rows(const std::vector<JobRow>& rows);
  asio::awaitable<void> write_images(Rows rows, std::vector<JobImage> images);
  asio::awaitable<void> complete_images(Rows rows);
  asio::awaitable<void> remove_image(std::string id);
  asio::awaitable<void> end(std::string id, EndedJob ended);

  asio::any_io_executor executor_;
  DatabaseThread& writer_;
  DatabaseThread& reader_;
  const Spool spool_;
  const std::string owner_;
  const JobsOptions options_;
  const OnJobStep on_step_;
  DiskReserve* const reserve_;
  asio::thread_pool files_{1};
  Load load_;
  ClientJobs clients_;         ///< The jobs that load_ counts.
  std::set<Rows> submitting_;  ///< Those of them that aren't in the database yet.
  bool stopping_ = false;
  std::function<void()> on_submitted_ = [] {};
  std::function<void(const std::string&)> on_cancelled_ = [](const std::string&) {};
  JobWatches watches_;
};

}  // namespace samoyed::dispatcher
