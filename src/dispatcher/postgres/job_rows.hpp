#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/jobs/client_jobs.hpp"
#include "dispatcher/jobs/job_store.hpp"
#include "dispatcher/libpq/connection.hpp"

/// The statements on the tables of jobs. Each is safe to repeat when it isn't known whether its
/// transaction was committed. All throw StorageError.
namespace samoyed::dispatcher::postgres {

/// Stores the image of a job that `insert_jobs` is going to insert.
void insert_image(Connection& connection, const std::string& id, std::string_view bytes);

enum class Insertion {
  first,
  /// It isn't known whether the first one was committed. If it was, a standby may lack it, although
  /// it can be seen here: the wait for the standby was lost with the connection.
  repeated,
};

/// Inserts jobs, all or none, with those of their images that are in memory. Leaves out jobs that
/// were inserted before. With synchronous replication, the standby has all of them afterwards.
void insert_jobs(Connection& connection, const std::vector<JobRow>& rows,
                 const std::vector<JobImage>& images, Insertion insertion = Insertion::first);

/// Removes the images that were stored for jobs which were not inserted.
void remove_images(Connection& connection, const std::vector<JobRow>& rows);

/// Includes the result if the job has one that is still in the history.
std::optional<Job> find_job(Connection& connection, const std::string& id);

/// Implements JobStore::claim for `owner`. `next_due_ms` is by the clock of this machine.
ClaimedJobs claim_jobs(Connection& connection, const std::string& owner, std::size_t count,
                       std::uint64_t bytes_max);

std::optional<std::string> find_image(Connection& connection, const std::string& id);

// The next three functions end a claim. If the token is stale, they change nothing and return
// std::nullopt. Otherwise they return the size of the job's image.

/// If the claim was ended this way before, returns 0.
std::optional<std::uint64_t> finish_job(Connection& connection, const ClaimToken& token,
                                        const HistoryRow& result);
std::optional<std::uint64_t> fail_job(Connection& connection, const ClaimToken& token,
                                      const JobError& error);
std::optional<std::uint64_t> put_back_job(Connection& connection, const ClaimToken& token,
                                          const JobRetry& retry);

/// Whether a stale token's claim was taken over by another dispatcher: its job was neither canceled
/// nor ended by this claim.
bool is_fenced_off(Connection& connection, const ClaimToken& token);

/// Fails an unfinished job, no matter who claimed it.
struct CanceledJob {
  bool was_running = false;
  std::uint64_t image_bytes = 0;
  std::string client;
};
std::optional<CanceledJob> cancel_job(Connection& connection, const std::string& id);

/// Sums over all unfinished jobs.
UnfinishedJobs find_unfinished(Connection& connection);

/// A job's state, which changes with each change that a watch shows.
struct JobVersion {
  std::string id;
  std::int64_t state = 0;
  std::int64_t changed_ms = 0;
  std::int64_t claims = 0;

  bool operator==(const JobVersion&) const = default;
};
std::vector<JobVersion> find_versions(Connection& connection, const std::vector<std::string>& ids);

/// The running jobs of an owner.
std::vector<ClaimToken> find_claims(Connection& connection, const std::string& owner);

}  // namespace samoyed::dispatcher::postgres
