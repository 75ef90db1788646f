#include "worker/sandbox/all_threads.hpp"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <semaphore.h>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace samoyed::worker {
namespace {

constexpr int wait_s_max = 10;

/// Global, because a signal handler has no other way to find them.
std::atomic<void (*)()> current_step = nullptr;
sem_t steps_done;

void run_step(int /*signal*/) {
  const int saved = errno;
  if (auto* const step = current_step.load()) {
    step();
    sem_post(&steps_done);
  }
  errno = saved;
}

/// The ids of all threads but the calling one.
std::vector<pid_t> other_threads() {
  std::vector<pid_t> ids;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/task", error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    pid_t id = 0;
    std::from_chars(name.data(), name.data() + name.size(), id);
    if (id != gettid()) ids.push_back(id);
  }
  return ids;
}

bool wait_for_steps(std::size_t count) {
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += wait_s_max;
  while (count > 0) {
    if (sem_timedwait(&steps_done, &until) == 0) {
      --count;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool run_on_all_threads(void (*step)()) {
  sem_init(&steps_done, /*pshared=*/0, 0);
  current_step = step;
  struct sigaction handler {};
  struct sigaction previous {};
  handler.sa_handler = run_step;
  handler.sa_flags = SA_RESTART;
  if (sigaction(SIGRTMIN, &handler, &previous) != 0) return false;
  std::size_t reached = 0;
  for (const pid_t id : other_threads()) {
    // A thread that has ended meanwhile needs no step.
    if (syscall(SYS_tgkill, getpid(), id, SIGRTMIN) == 0) ++reached;
  }
  const bool all = wait_for_steps(reached);
  current_step = nullptr;
  // After a time-out the handler stays: the signal's default action would end the process.
  if (all) sigaction(SIGRTMIN, &previous, nullptr);
  step();
  return all;
}

}  // namespace samoyed::worker
