#include "dispatcher/libpq/reconnecting.hpp"

#include <random>

namespace samoyed::dispatcher::postgres {
namespace {

/// From 0 to 1. Needn't be unpredictable.
double random_share() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

Connection& Reconnecting::get() {
  if (connection_ && connection_->is_alive()) return *connection_;
  const bool lost = connection_.has_value();
  connection_.reset();
  const auto now = Backoff::Clock::now();
  // The first attempt after a loss is made at once.
  if (!lost && !backoff_.is_due(now)) throw UnavailableError(problem());
  try {
    connection_.emplace(open_());
  } catch (const StorageError& error) {
    backoff_.failed(Backoff::Clock::now(), random_share());
    set_problem(error.what());
    throw UnavailableError(error.what());
  }
  backoff_.succeeded();
  set_problem({});
  return *connection_;
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
