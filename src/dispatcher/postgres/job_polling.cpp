#include <algorithm>
#include <chrono>
#include <random>
#include <set>

#include <spdlog/spdlog.h>

#include "dispatcher/postgres/listener.hpp"
#include "dispatcher/postgres/postgres_job_store.hpp"
#include "samoyed/io/pause.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

constexpr std::chrono::milliseconds poll_interval{1000};
/// So that many dispatchers don't poll at the same time.
constexpr double poll_jitter = 0.1;
constexpr std::chrono::milliseconds notify_interval{100};
constexpr std::chrono::milliseconds lease_check_interval{500};
/// After so many polls during which jobs changed here, the load is taken as it was found.
constexpr int loads_left_out_max = 3;

io::Event::Clock::duration next_poll_pause() {
  thread_local std::minstd_rand generator(std::random_device{}());
  std::uniform_real_distribution<double> random(0, 1);
  return io::spread_pause(poll_interval, poll_jitter, random(generator));
}

}  // namespace

asio::awaitable<void> PostgresJobStore::poll() {
  while (!stopping_) {
    try {
      co_await refresh();
      poll_failed_ = false;
    } catch (const StorageError& error) {
      if (!std::exchange(poll_failed_, true)) spdlog::error("can't poll jobs: {}", error.what());
    }
    if (!std::exchange(woken_, false) && !stopping_) {
      co_await poll_soon_.wait_until(io::Event::Clock::now() + next_poll_pause());
    }
    woken_ = false;
  }
}

void PostgresJobStore::wake() {
  woken_ = true;
  poll_soon_.notify();
}

/// Outside the transaction that inserts jobs: there, it would take a lock on the whole cluster.
asio::awaitable<void> PostgresJobStore::notify() {
  while (!stopping_) {
    if (!std::exchange(to_notify_, false)) {
      co_await notify_soon_.wait();
      continue;
    }
    auto work = [](Connection& connection) {
      connection.run("SELECT pg_notify($1, '')", Params().add(change_channel));
      return true;
    };
    try {
      co_await pool_.run(std::move(work));
    } catch (const StorageError& error) {
      spdlog::debug("can't notify other dispatchers: {}", error.what());
    }
    if (!stopping_) co_await io::sleep_for(notify_interval);
  }
}

asio::awaitable<void> PostgresJobStore::refresh() {
  const std::uint64_t operations_before =
      operations_under_way_ == 0 ? operations_ : operations_ - 1;
  const auto claimed_before = claimed_;
  auto work = [ids = watches_.ids(), owner = keeper_.id()](Connection& connection) {
    Found found;
    found.unfinished = find_unfinished(connection);
    if (!ids.empty()) found.versions = find_versions(connection, ids);
    found.claims = find_claims(connection, owner);
    return found;
  };
  Found found = co_await pool_.run(std::move(work));
  apply_unfinished(std::move(found.unfinished), operations_before);
  apply_versions(found.versions);
  cancel_lost_claims(claimed_before, found.claims);
  // A claim that is under way isn't known here yet.
  if (operations_ == operations_before) co_await put_back_orphans(found.claims);
}

/// What was found is of an unknown moment if jobs have changed here meanwhile.
void PostgresJobStore::apply_unfinished(UnfinishedJobs found, std::uint64_t operations_before) {
  set_oldest_waiting(found);
  if (operations_ != operations_before && ++loads_left_out_ < loads_left_out_max) return;
  loads_left_out_ = 0;
  const bool more = found.load.waiting > load_.waiting;
  set_unfinished(std::move(found));
  if (more) on_submitted_();
}

void PostgresJobStore::apply_versions(const std::vector<JobVersion>& versions) {
  std::map<std::string, JobVersion> found;
  for (const JobVersion& version : versions) found.emplace(version.id, version);
  for (const auto& [id, version] : found) {
    const auto known = versions_.find(id);
    if (known == versions_.end() || known->second != version) watches_.notify(id);
  }
  for (const auto& [id, version] : versions_) {
    if (!found.contains(id)) watches_.notify(id);
  }
  versions_ = std::move(found);
}

/// Cancels the work on jobs that were canceled at another dispatcher, or rescued by it.
void PostgresJobStore::cancel_lost_claims(const Claims& claimed_before,
                                          const std::vector<ClaimToken>& claims) {
  std::set<std::pair<std::string, std::int64_t>> kept;
  for (const ClaimToken& token : claims) kept.emplace(token.job_id, token.attempt);
  std::vector<std::string> lost;
  for (const auto& [id, claim] : claimed_before) {
    const auto now = claimed_.find(id);
    const bool still_claimed = now != claimed_.end() && now->second.number == claim.number;
    if (still_claimed && !kept.contains({id, claim.number})) lost.push_back(id);
  }
  for (const std::string& id : lost) on_cancelled_(id);
}

/// Puts jobs back that are claimed by this dispatcher although it doesn't know them: the connection
/// was lost while they were claimed.
asio::awaitable<void> PostgresJobStore::put_back_orphans(const std::vector<ClaimToken>& claims) {
  std::vector<ClaimToken> orphans;
  for (const ClaimToken& token : claims) {
    if (!claimed_.contains(token.job_id)) orphans.push_back(token);
  }
  if (orphans.empty()) co_return;
  auto work = [orphans](Connection& connection) {
    for (const ClaimToken& token : orphans) {
      put_back_job(connection, token,
                   {.error = {}, .pause = std::chrono::milliseconds(0), .counted = false});
    }
    return true;
  };
  co_await pool_.run(std::move(work));
}

/// Apart from the polls, which take long while the database doesn't answer.
asio::awaitable<void> PostgresJobStore::watch_lease() {
  while (!stopping_) {
    cancel_all_if_lease_lost();
    co_await stopped_.wait_until(io::Event::Clock::now() + lease_check_interval);
  }
}

/// Others will take the jobs over.
void PostgresJobStore::cancel_all_if_lease_lost() {
  const bool lost = keeper_.lease().must_cancel(Lease::Clock::now());
  if (lost && !lease_lost_ && !claimed_.empty()) {
    spdlog::warn("canceled {} running jobs because the lease in the store wasn't renewed in time",
                 claimed_.size());
  }
  lease_lost_ = lost;
  if (!lost) return;
  const Claims claimed = claimed_;
  for (const auto& [id, claim] : claimed) on_cancelled_(id);
}

}  // namespace samoyed::dispatcher::postgres
