#include "support/wait.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <unistd.h>

// Only the interfaces for listeners; Catch2WithMain has the implementation.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

#include "support/sanitized.hpp"

namespace samoyed::test {
namespace {

using std::chrono::seconds;

constexpr seconds one_wait_max{30};
/// Well below CTest's timeout for a test case (test/CMakeLists.txt).
constexpr seconds test_case_max{240};
constexpr int sanitized_factor = 3;

/// The waits that one process has at the same time.
constexpr std::size_t waits_max = 1024;
constexpr std::size_t name_bytes_max = 160;
/// sandbox/all_threads.cpp uses SIGRTMIN.
const int signal_number = SIGRTMAX;

constexpr std::int64_t never_ms = INT64_MAX;

/// A wait. The signal handler reads it at any time, so its memory always exists.
struct Slot {
  /// When the wait exceeds its limit; 0 if the slot is free.
  std::atomic<std::int64_t> ends_ms = 0;
  std::array<char, name_bytes_max> name{};
};

std::array<Slot, waits_max> slots;
std::mutex mutex;                         ///< Held to take a slot and to set the timer.
std::atomic<std::size_t> slots_used = 0;  ///< All slots from here on were never used.
std::atomic<std::int64_t> timer_ends_ms = never_ms;
timer_t timer;

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

int factor() {
  const char* const text = std::getenv("SAMOYED_TEST_WAIT_FACTOR");
  const int wanted = text ? std::atoi(text) : 1;
  return std::max(wanted, 1) * (memory_is_measurable ? 1 : sanitized_factor);
}

// The functions that the signal handler calls use only what is safe there (man 7 signal-safety).

void set_timer(std::int64_t ends_ms) {
  timer_ends_ms = ends_ms;
  itimerspec time{};
  time.it_value.tv_sec = ends_ms / 1000;
  time.it_value.tv_nsec = ends_ms % 1000 * 1000000;
  timer_settime(timer, TIMER_ABSTIME, &time, nullptr);
}

void say(const char* text) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, std::strlen(text));
}

void say_waits(const char* before, bool expired, std::int64_t now) {
  for (std::size_t index = 0; index < slots_used; ++index) {
    const std::int64_t ends_ms = slots[index].ends_ms;
    if (ends_ms == 0 || (ends_ms <= now) != expired) continue;
    say(before);
    say(slots[index].name.data());
    say("\n");
  }
}

/// Ends the program if a wait has exceeded its limit. The timer isn't set anew whenever a wait
/// ends, so there may be none.
void on_timer(int) {
  const std::int64_t now = now_ms();
  std::int64_t next = never_ms;
  for (std::size_t index = 0; index < slots_used; ++index) {
    const std::int64_t ends_ms = slots[index].ends_ms;
    if (ends_ms != 0) next = std::min(next, ends_ms);
  }
  if (next > now) {
    timer_ends_ms = never_ms;
    if (next != never_ms) set_timer(next);
    return;
  }
  say_waits("waited too long for: ", true, now);
  say_waits("  and meanwhile for: ", false, now);
  _exit(1);
}

bool install_handler() {
  struct sigaction action {};
  action.sa_handler = on_timer;
  action.sa_flags = SA_RESTART;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = signal_number;
  return sigaction(signal_number, &action, nullptr) == 0 &&
         timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
}

/// A forked child has no timers, so it gets its own.
void install_handler_once() {
  static pid_t owner = 0;
  if (owner == getpid()) return;
  if (!install_handler()) throw std::runtime_error("can't bound the waits of tests");
  owner = getpid();
  timer_ends_ms = never_ms;
}

/// Makes each test case a wait.
struct TestCaseBound : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& test) override {
    wait = std::make_unique<Wait>("the end of the test case '" + test.name + "'",
                                  factor() * test_case_max);
  }
  void testCaseEnded(const Catch::TestCaseStats&) override { wait.reset(); }

  std::unique_ptr<Wait> wait;
};

CATCH_REGISTER_LISTENER(TestCaseBound)

}  // namespace

seconds wait_max() {
  static const seconds max = factor() * one_wait_max;
  return max;
}

Wait::Wait(const std::string& what, seconds limit) {
  const std::lock_guard lock(mutex);
  install_handler_once();
  const auto free = std::ranges::find_if(slots, [](const Slot& slot) { return slot.ends_ms == 0; });
  if (free == slots.end()) throw std::runtime_error("a test waits for too much at once");
  slot_ = static_cast<std::size_t>(free - slots.begin());
  slots_used = std::max(slots_used.load(), slot_ + 1);
  std::string name = what.substr(0, name_bytes_max - 1);
  std::ranges::copy(name, free->name.begin());
  free->name[name.size()] = '\0';
  const bool bounded = limit != seconds::max();
  free->ends_ms = bounded ? now_ms() + std::chrono::milliseconds(limit).count() : never_ms;
  if (free->ends_ms < timer_ends_ms) set_timer(free->ends_ms);
}

Wait::~Wait() { slots[slot_].ends_ms = 0; }

std::string printable(std::string_view bytes) {
  constexpr std::size_t shown_max = 40;
  std::string text(bytes.substr(0, shown_max));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '.';
  }
  return bytes.size() > shown_max ? text + "..." : text;
}

}  // namespace samoyed::test
