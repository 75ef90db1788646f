#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/jobs/job_store.hpp"
#include "samoyed/dispatcher/jobs_options.hpp"

namespace samoyed::dispatcher {

/// What each client has among the unfinished jobs, so that no single client can use all of the
/// spool or make everyone else wait.
///
/// A client may have half of what the other clients leave free. So there is always room for others,
/// and a client that is alone may have half of everything.
///
/// Clients take turns. A job's turn is one later than the client's last one, but not earlier than
/// the next turn. So the first job of a client waits for at most one job of every other client.
///
///     one client    1  2  3  4 ...      taken: 1  2  3  3'  4  4' ...
///     another one, while turn 2 runs:          3' 4'
///
/// Clients are counted by `io::limit_key`. Nothing of this is stored but the number of a job's
/// turn.
///
/// Not thread-safe: use from one thread.
class ClientJobs {
 public:
  /// The unfinished jobs of a client, in sums.
  struct Sum {
    std::string client;
    std::size_t images = 0;
    std::uint64_t bytes = 0;
    std::int64_t last_turn = 0;
  };

  ClientJobs() = default;
  /// After a start: with all unfinished jobs.
  explicit ClientJobs(const std::vector<JobRow>& unfinished);
  /// With sums of all unfinished jobs, of which those up to `turn` have been claimed.
  ClientJobs(const std::vector<Sum>& unfinished, std::int64_t turn);

  /// Whether the client may submit this many more images, with this many bytes in total. One image
  /// is always within the share of a client that has no others.
  bool may_add(const std::string& client, std::size_t images, std::uint64_t bytes,
               const JobsOptions& limits) const;

  /// Adds a new job of the client. Returns its turn.
  std::int64_t add(const std::string& client, std::uint64_t bytes);

  /// Adds a job that has its turn already.
  void add_again(const JobRow& row);

  /// Jobs up to this turn have been claimed.
  void claimed(std::int64_t turn);

  /// The latest turn of a claimed job.
  std::int64_t turn() const { return turn_; }

  /// Removes a job that has ended. Does nothing if the client has none.
  void remove(const std::string& client, std::uint64_t bytes);

  /// The number of clients with jobs.
  std::size_t clients() const { return by_client_.size(); }

 private:
  struct Share {
    std::size_t images = 0;
    std::uint64_t bytes = 0;
    std::int64_t last_turn = 0;
  };

  Share& insert(const std::string& client, std::uint64_t bytes);

  std::map<std::string, Share> by_client_;
  std::size_t images_ = 0;
  std::uint64_t bytes_ = 0;
  std::int64_t turn_ = 0;
};

/// The unfinished jobs, in total and by clients.
struct UnfinishedJobs {
  Jobs::Load load = {};
  ClientJobs clients = {};
  /// How long ago the oldest waiting job was submitted; std::nullopt if none waits or nobody
  /// looked.
  std::optional<std::chrono::milliseconds> oldest_waiting = std::nullopt;
};

}  // namespace samoyed::dispatcher
