#include "dispatcher/postgres/lease_keeper.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "dispatcher/postgres/lease_rows.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// The shortest pause after a renewal that failed.
constexpr std::chrono::milliseconds retry_pause_min{500};

}  // namespace

LeaseKeeper::LeaseKeeper(Reconnecting::Open open, std::string id, std::string name,
                         std::function<void(Connection&)> on_begun)
    : id_(std::move(id)),
      name_(std::move(name)),
      on_begun_(std::move(on_begun)),
      connection_(std::move(open)) {
  // The first renewal is awaited, so that a dispatcher whose database works starts with a lease.
  renew();
  thread_ = std::thread([this] { loop(); });
}

LeaseKeeper::~LeaseKeeper() { stop(); }

Lease LeaseKeeper::lease() const {
  const std::lock_guard lock(mutex_);
  return lease_;
}

Lease::Clock::duration LeaseKeeper::lease_age(Lease::Clock::time_point now) const {
  return lease().age(now).value_or(now - created_);
}

std::string LeaseKeeper::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void LeaseKeeper::renew() {
  const auto began = Lease::Clock::now();
  std::string problem;
  try {
    connection_.call([this](Connection& connection) {
      if (begun_) return renew_lease(connection, id_, name_);
      begin_lease(connection, id_, name_);
      on_begun_(connection);
      begun_ = true;
    });
  } catch (const DuplicateError&) {
    problem = "another dispatcher has taken the name " + name_ +
              ": give each its own --instance-name, and restart this one";
  } catch (const StorageError& error) {
    problem = error.what();
  }
  const std::lock_guard lock(mutex_);
  if (problem.empty()) lease_.renewed(began);
  if (problem.empty() && !problem_.empty()) {
    spdlog::info("the store is available again");
  } else if (problem != problem_) {
    spdlog::error("the history and the jobs are unavailable: {}", problem);
  }
  problem_ = std::move(problem);
}

void LeaseKeeper::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    auto next = Lease::Clock::now() + Lease::renewal_interval;
    if (!problem_.empty()) {
      next = std::min(next, std::max(connection_.due(), Lease::Clock::now() + retry_pause_min));
    }
    if (stopped_.wait_until(lock, next, [this] { return stopping_; })) return;
    lock.unlock();
    renew();
    lock.lock();
  }
}

void LeaseKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
  try {
    if (begun_) end_lease(connection_.get(), id_);
  } catch (const StorageError& error) {
    spdlog::warn("can't end the lease in the store, so it lasts for {} s more: {}",
                 lease_length.count() / 1000, error.what());
  }
}

}  // namespace samoyed::dispatcher::postgres
