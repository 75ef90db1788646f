#include "dispatcher/libpq/reconnecting.hpp"

#include <random>
#include <utility>

namespace samoyed::dispatcher::postgres {
namespace {

/// From 0 to 1. Needn't be unpredictable.
double random_share() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

bool Reconnecting::is_connected() { return connection_ && connection_->is_alive(); }

Connection& Reconnecting::get() {
  if (is_connected()) return *connection_;
  const bool lost = connection_.has_value();
  connection_.reset();
  const auto now = Backoff::Clock::now();
  // The first attempt after a loss is made at once.
  if (!lost && !backoff_.is_due(now)) throw UnavailableError(problem());
  try {
    connection_.emplace(open_());
  } catch (const StorageError& error) {
    ++connect_failures_;
    backoff_.failed(Backoff::Clock::now(), random_share());
    set_problem(error.what());
    throw UnavailableError(error.what());
  }
  if (std::exchange(had_connection_, true)) ++reconnects_;
  backoff_.succeeded();
  set_problem({});
  return *connection_;
}

void Reconnecting::call(const std::function<void(Connection&)>& work) {
  const auto began = CallCounter::Clock::now();
  Connection* connection = nullptr;
  try {
    connection = &get();
    work(*connection);
  } catch (...) {
    if (connection) {
      calls_.failed(CallCounter::Clock::now() - began);
    } else {
      calls_.failed_at_once();
    }
    throw;
  }
  calls_.done(CallCounter::Clock::now() - began);
}

ConnectionUse Reconnecting::use() const {
  return {
      .calls = calls_.counts(), .reconnects = reconnects_, .connect_failures = connect_failures_};
}

std::string Reconnecting::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void Reconnecting::set_problem(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  problem_ = problem;
}

}  // namespace samoyed::dispatcher::postgres
