#include "dispatcher/history/reopening_database.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

namespace samoyed::dispatcher {
namespace {

/// Opening reads the whole file to find damage, so it isn't tried too often. The longest pause is
/// this many times the first one.
constexpr int pause_factor_max = 16;

const std::string not_current = "its file was removed, replaced or emptied while it was in use";

}  // namespace

ReopeningDatabase::ReopeningDatabase(Open open, std::chrono::milliseconds pause)
    : open_(std::move(open)), pause_(pause), next_pause_(pause) {
  this->open();
}

ReopeningDatabase::ReopeningDatabase(Database database)
    : pause_(0), database_(std::move(database)), next_pause_(0) {}

void ReopeningDatabase::open() {
  try {
    database_.emplace(open_());
    if (!problem().empty()) spdlog::info("the history and the jobs are available again");
    set_problem({});
    next_pause_ = pause_;
  } catch (const DiskError& error) {
    close(error.what());
  } catch (const DamageError& error) {
    close(error.what());
  } catch (const std::system_error& error) {
    close(error.what());
  }
}

Database* ReopeningDatabase::get() {
  if (database_ && !database_->is_current()) {
    close(not_current);
  }
  if (!database_ && open_ && Clock::now() >= open_at_) {
    try {
      open();
    } catch (const StorageError& error) {
      close(error.what());
    }
  }
  return database_ ? &*database_ : nullptr;
}

void ReopeningDatabase::close_if_unusable(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const DamageError& error) {
    close(error.what());
  } catch (const std::exception&) {
    if (database_ && !database_->is_current()) {
      close(not_current);
    }
  }
}

void ReopeningDatabase::close(const std::string& why) {
  database_.reset();
  if (problem() != why) spdlog::error("the history and the jobs are unavailable: {}", why);
  set_problem(why);
  open_at_ = Clock::now() + next_pause_;
  next_pause_ = std::min(2 * next_pause_, pause_factor_max * pause_);
}

std::string ReopeningDatabase::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void ReopeningDatabase::set_problem(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  problem_ = problem;
}

}  // namespace samoyed::dispatcher
