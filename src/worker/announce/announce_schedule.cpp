#include "worker/announce/announce_schedule.hpp"

#include <algorithm>

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
  constexpr std::size_t doublings_max = 16;
  const auto factor = 1U << std::min(failures_++, doublings_max);
  schedule(std::min(first_pause * factor, interval_), now, random);
  if (why == logged_failure_ && now - *logged_at_ < log_interval) return false;
  logged_failure_ = why;
  logged_at_ = now;
  return true;
}

void AnnounceSchedule::schedule(std::chrono::milliseconds pause, Clock::time_point now,
                                double random) {
  const std::chrono::duration<double> spread(pause * (1 + jitter * (2 * random - 1)));
  next_ = now + std::chrono::duration_cast<Clock::duration>(spread);
}

}  // namespace samoyed::worker
