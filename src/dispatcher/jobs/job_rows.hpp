#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/history/sqlite.hpp"
#include "dispatcher/jobs/job_store.hpp"

/// The queries on the table of jobs. All throw StorageError; those that change something must run
/// within a transaction. Times are milliseconds since 1970.
namespace samoyed::dispatcher {

void insert_job(Database& database, const JobRow& row);

/// With its result, if it has one that is still in the history.
std::optional<Job> find_job(Database& database, const std::string& id);

/// JobStore::claim for `owner`. A job that is due unreasonably late counts as due: the clock must
/// have been set back.
ClaimedJobs claim_jobs(Database& database, const std::string& owner, std::int64_t now_ms,
                       std::size_t count, std::uint64_t bytes_max);

/// A job that has just ended, as far as the load of the store is concerned.
struct EndedJob {
  JobState state_before;
  std::uint64_t image_bytes;
};

// The end of a claim. Each returns false or std::nullopt, and changes nothing, if the token is
// stale.

/// From running to waiting.
bool put_back_job(Database& database, const ClaimToken& token, const JobRetry& retry,
                  std::int64_t now_ms);

/// From running to failed.
std::optional<EndedJob> fail_job(Database& database, const ClaimToken& token, const JobError& error,
                                 std::int64_t now_ms);

/// From running to done, with its result. `on_inserted` is called between the two writes.
std::optional<EndedJob> finish_job(Database& database, const ClaimToken& token,
                                   const HistoryRow& result, std::int64_t now_ms,
                                   const std::function<void()>& on_inserted);

/// From waiting or running to failed, whoever claimed it. std::nullopt if the job is finished or
/// doesn't exist.
std::optional<EndedJob> fail_unfinished_job(Database& database, const std::string& id,
                                            const JobError& error, std::int64_t now_ms);

/// Deletes at most `count` jobs that finished before `before_ms`. Returns how many.
std::uint64_t remove_finished_jobs(Database& database, std::int64_t before_ms, std::size_t count);

/// All unfinished jobs, for the recovery after a start.
std::vector<JobRow> unfinished_jobs(Database& database);

/// Makes all running jobs wait again, after a restart.
void wait_again(Database& database);

}  // namespace samoyed::dispatcher
