#include "worker/decoders/cpu_budget.hpp"

#include <ctime>

namespace samoyed::worker {

namespace {

std::chrono::nanoseconds thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

CpuBudget::CpuBudget(std::chrono::milliseconds cpu_max) : ends_at_(thread_time() + cpu_max) {}

bool CpuBudget::spend(std::size_t work) {
  work_ += work;
  if (work_ >= work_per_look) {
    work_ = 0;
    exceeded_ = exceeded_ || thread_time() >= ends_at_;
  }
  return !exceeded_;
}

bool CpuBudget::allows(std::chrono::nanoseconds least) {
  exceeded_ = exceeded_ || thread_time() + least >= ends_at_;
  return !exceeded_;
}

}  // namespace samoyed::worker
