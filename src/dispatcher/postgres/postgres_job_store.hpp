#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "dispatcher/jobs/job_store.hpp"
#include "dispatcher/jobs/job_watches.hpp"
#include "dispatcher/libpq/pool.hpp"
#include "dispatcher/postgres/job_rows.hpp"
#include "dispatcher/postgres/lease_keeper.hpp"
#include "samoyed/dispatcher/jobs_options.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher::postgres {

/// Keeps jobs and their images in PostgreSQL, where several dispatchers share them. A claim lasts
/// for as long as the claiming dispatcher's lease (lease.hpp).
///
/// What other dispatchers do is found by a poll each second: the load, changes of watched jobs, and
/// claims that were canceled or rescued, whose work is then canceled here. So the limits on
/// unfinished jobs may be exceeded by what several dispatchers accept in a second.
///
/// Thread rule: the same as for Jobs.
class PostgresJobStore final : public JobStore {
 public:
  /// The references must outlive the store, and the store must outlive every coroutine that it
  /// started.
  PostgresJobStore(asio::any_io_executor executor, Pool& pool, LeaseKeeper& keeper,
                   JobsOptions options);

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

  /// Polls until `stop`. Call once.
  asio::awaitable<void> poll();
  /// Notifies other dispatchers, soon after each call of `notify_others`, until `stop`. Call once.
  asio::awaitable<void> notify();
  /// Other dispatchers should look for changes.
  void notify_others();
  /// Cancels the jobs that run here when the lease is lost, until `stop`. Call once.
  asio::awaitable<void> watch_lease();
  /// Polls soon: other dispatchers have accepted jobs.
  void wake();
  /// Sets the unfinished jobs that were found at the start.
  void set_unfinished(UnfinishedJobs found);
  /// Accepts no more jobs, and ends every watch.
  void stop();

  /// How long ago the oldest waiting job was submitted; std::nullopt if none waits.
  std::optional<std::chrono::milliseconds> oldest_waiting(
      std::chrono::steady_clock::time_point now) const;
  /// The number of ends of claims that other dispatchers had taken over.
  std::uint64_t refused_ends() const { return refused_ends_; }

 private:
  using RowsPointer = std::shared_ptr<const std::vector<JobRow>>;
  using ImagesPointer = std::shared_ptr<const std::vector<JobImage>>;
  /// What a poll finds.
  struct Found {
    UnfinishedJobs unfinished;
    std::vector<JobVersion> versions;
    std::vector<ClaimToken> claims;
  };
  struct Claim {
    std::int64_t number = 0;  ///< `ClaimToken::attempt`
    std::string client;
  };
  using Claims = std::map<std::string, Claim>;  ///< By the job's id.
  /// What a statement that ends a claim did.
  struct ClaimEnd {
    std::optional<std::uint64_t> image_bytes;  ///< std::nullopt if the token was stale.
    bool fenced_off = false;                   ///< It was, because of another dispatcher.
  };
  /// Counts an operation that changes jobs, from its begin to its end.
  class Operation;

  asio::awaitable<std::optional<SubmitError>> try_insert(RowsPointer rows, ImagesPointer images);
  asio::awaitable<void> store_unread_images(RowsPointer rows, ImagesPointer images);
  asio::awaitable<void> insert(RowsPointer rows, ImagesPointer images);
  asio::awaitable<void> remove_stored_images(RowsPointer rows, ImagesPointer images);
  template <typename Statement>
  asio::awaitable<ClaimEnd> run_end(ClaimToken token, Statement statement);
  std::string forget_claim(const ClaimToken& token);
  bool end(const ClaimToken& token, const ClaimEnd& ended);
  asio::awaitable<void> refresh();
  void set_oldest_waiting(const UnfinishedJobs& found);
  void apply_unfinished(UnfinishedJobs found, std::uint64_t operations_before);
  void apply_versions(const std::vector<JobVersion>& versions);
  void cancel_lost_claims(const Claims& claimed_before, const std::vector<ClaimToken>& claims);
  asio::awaitable<void> put_back_orphans(const std::vector<ClaimToken>& claims);
  void cancel_all_if_lease_lost();

  Pool& pool_;
  LeaseKeeper& keeper_;
  const JobsOptions options_;
  Load load_;
  ClientJobs clients_;  ///< The jobs that load_ counts.
  Claims claimed_;
  std::map<std::string, JobVersion> versions_;  ///< Of watched jobs, when they were polled last.
  std::size_t operations_under_way_ = 0;
  std::uint64_t operations_ = 0;  ///< The number of operations that have begun.
  int loads_left_out_ = 0;
  /// When the oldest waiting job was submitted, as the last poll found it.
  std::optional<std::chrono::steady_clock::time_point> oldest_waiting_since_;
  std::uint64_t refused_ends_ = 0;
  bool stopping_ = false;
  bool woken_ = false;
  bool to_notify_ = false;
  bool lease_lost_ = false;   ///< The last check found no lease.
  bool poll_failed_ = false;  ///< The last poll failed, and the log says so.
  io::Event poll_soon_;
  io::Event notify_soon_;
  io::Event stopped_;
  std::function<void()> on_submitted_ = [] {};
  std::function<void(const std::string&)> on_cancelled_ = [](const std::string&) {};
  JobWatches watches_;
};

}  // namespace samoyed::dispatcher::postgres
