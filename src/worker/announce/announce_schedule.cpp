#include "worker/announce/announce_schedule.hpp"

#include "samoyed/io/pause.hpp"

namespace samoyed::worker {

bool AnnounceSchedule::on_success(Clock::time_point now, double random) {
  const bool news = !announced_;
  announced_ = true;
  failures_ = 0;
  logged_failure_.clear();
  schedule(interval_, now, random);
  return news;
}

bool AnnounceSchedule::on_failure(const std::string& why, Clock::time_point now, double random) {
  announced_ = false;
  schedule(io::doubled_pause(first_pause, ++failures_, interval_), now, random);
  if (why == logged_failure_ && now - *logged_at_ < log_interval) return false;
  logged_failure_ = why;
  logged_at_ = now;
  return true;
}

void AnnounceSchedule::schedule(std::chrono::milliseconds pause, Clock::time_point now,
                                double random) {
  next_ = now + io::spread_pause(pause, jitter, random);
}

}  // namespace samoyed::worker
