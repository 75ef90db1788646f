#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/history/sqlite.hpp"
#include "samoyed/dispatcher/jobs.hpp"

/// What jobs ask of their table. All throw StorageError; those that change something are to run within
/// a transaction. Times are milliseconds since 1970.
namespace samoyed::dispatcher {

/// A job with what is needed to carry it out.
struct JobRow {
  /// Without a result.
  Job job;
  std::string visitor;
  std::string client;
  std::string request_id;
  std::optional<int> top;
  std::string model;
  std::optional<int> thumbnail_side;
};

void insert_job(Database& database, const JobRow& row);

/// With its result, if it has one that is still in the history.
std::optional<Job> find_job(Database& database, const std::string& id);

struct ClaimedJobs {
  std::vector<JobRow> rows;
  /// When the next of those that wait may run; nothing if none waits.
  std::optional<std::int64_t> next_due_ms;
};
/// At most `count` of the waiting jobs that are due are running from now on, the longest due first; beyond the
/// first only as many as have `bytes_max` of images together. Due is also what is due so late that the clock must
/// have been set back.
ClaimedJobs claim_jobs(Database& database, std::int64_t now_ms, std::size_t count,
                       std::uint64_t bytes_max);

/// Running to waiting. False if it is not running any more, as after a cancel.
bool put_back_job(Database& database, const Job& job, std::int64_t now_ms, std::int64_t due_ms);

/// Waiting or running to failed, with its `reason` and `detail`. The state that it had; nothing if it was
/// finished or is not there.
std::optional<JobState> fail_job(Database& database, const Job& job, std::int64_t now_ms);

/// Running to done, with its result. False, and nothing is recorded, if it is not running any more.
/// `on_inserted` is called between the two writes.
bool finish_job(Database& database, const std::string& id, const HistoryRow& result,
                std::int64_t now_ms, const std::function<void()>& on_inserted);

/// Forgets at most `count` jobs that were finished before that time. The number.
std::uint64_t remove_finished_jobs(Database& database, std::int64_t before_ms, std::size_t count);

/// Of all that are not finished, after a start.
std::vector<JobRow> unfinished_jobs(Database& database);

/// All that ran when the program ended wait again.
void wait_again(Database& database);

}  // namespace samoyed::dispatcher
