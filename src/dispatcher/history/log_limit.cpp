#include "dispatcher/history/log_limit.hpp"

namespace samoyed::dispatcher {
namespace {

void try_to_truncate(Database& database, std::chrono::milliseconds wait) {
  try {
    database.truncate_log(wait);
  } catch (const StorageError&) {
    // Nothing is lost. If the disk is at fault, the next commit reports it.
  }
}

}  // namespace

void LogLimit::committed(Database& database, Clock::time_point now) {
  if (now < wait_again_at_ || database.log_bytes() <= large_bytes) return;
  try_to_truncate(database, wait_ms);
  wait_again_at_ = now + pause_ms;
}

void LogLimit::idle(Database& database) {
  if (database.log_bytes() > usual_bytes) try_to_truncate(database, std::chrono::milliseconds(0));
}

}  // namespace samoyed::dispatcher
