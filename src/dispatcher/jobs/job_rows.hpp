#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/history/sqlite.hpp"
#include "dispatcher/jobs/job_store.hpp"

/// The queries on the table of jobs. All throw StorageError. Those that change data must run within
/// a transaction. Times are in milliseconds since 1970.
namespace samoyed::dispatcher {

void insert_job(Database& database, const JobRow& row);

/// Includes the result if the job has one that is still in the history.
std::optional<Job> find_job(Database& database, const std::string& id);

/// The query for waiting jobs that are due, in the order of their turns. Its values are the current
/// time, the latest due time that is believable, and the number of jobs.
std::string due_jobs_query();

/// Implements JobStore::claim for `owner`. A job whose due time is unreasonably far in the future
/// counts as due, because the clock must have been set back.
ClaimedJobs claim_jobs(Database& database, const std::string& owner, std::int64_t now_ms,
                       std::size_t count, std::uint64_t bytes_max);

/// The facts about a job that has just ended that the store needs to update its load.
struct EndedJob {
  JobState state_before;
  std::uint64_t image_bytes;
  std::string client;
};

// The next three functions end a claim. If the token is stale, they change nothing and return false
// or std::nullopt.

/// Moves the job from running to waiting.
bool put_back_job(Database& database, const ClaimToken& token, const JobRetry& retry,
                  std::int64_t now_ms);

/// Moves the job from running to failed.
std::optional<EndedJob> fail_job(Database& database, const ClaimToken& token, const JobError& error,
                                 std::int64_t now_ms);

/// Inserts the result and moves the job from running to done. `on_inserted` is called between the
/// two writes.
std::optional<EndedJob> finish_job(Database& database, const ClaimToken& token,
                                   const HistoryRow& result, std::int64_t now_ms,
                                   const std::function<void()>& on_inserted);

/// Moves the job from waiting or running to failed, no matter who claimed it. Returns std::nullopt
/// if the job is finished or doesn't exist.
std::optional<EndedJob> fail_unfinished_job(Database& database, const std::string& id,
                                            const JobError& error, std::int64_t now_ms);

/// When the oldest waiting job was submitted; std::nullopt if none waits.
std::optional<std::int64_t> oldest_waiting_ms(Database& database);

/// When the last job ended; 0 if none has.
std::int64_t newest_finished_ms(Database& database);
/// The number of finished jobs.
std::uint64_t finished_jobs(Database& database);

/// Deletes at most `count` jobs that finished before `before_ms`. Returns how many it deleted.
std::uint64_t remove_finished_jobs(Database& database, std::int64_t before_ms, std::size_t count);

/// All unfinished jobs, for the recovery after a start.
std::vector<JobRow> unfinished_jobs(Database& database);

/// Makes all running jobs wait again. For the recovery after a start.
void wait_again(Database& database);

}  // namespace samoyed::dispatcher
