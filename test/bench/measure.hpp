#pragma once

#include <algorithm>
#include <barrier>
#include <chrono>
#include <thread>
#include <vector>

namespace samoyed::bench {

/// The result of a measurement.
struct Measured {
  int threads = 1;
  /// Median time of one call in milliseconds.
  double median_ms = 0;
  /// Calls per second of all threads together.
  double per_s = 0;
};

inline double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

inline constexpr int warm_up_calls_default = 5;

/// Calls `task` repeatedly on this number of threads. All threads start measuring at the same time,
/// after `warm_up_calls` unmeasured calls each.
template <typename Task>
Measured measure(int threads, std::chrono::duration<double> duration, const Task& task,
                 int warm_up_calls = warm_up_calls_default) {
  using Clock = std::chrono::steady_clock;
  std::barrier ready(threads);
  std::vector<std::vector<double>> times_ms(static_cast<std::size_t>(threads));
  std::vector<double> rates_per_s(times_ms.size());
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < times_ms.size(); ++i) {
      running.emplace_back([&, i] {
        for (int call = 0; call < warm_up_calls; ++call) task();
        ready.arrive_and_wait();
        const auto begin = Clock::now();
        auto last = begin;
        while (last - begin < duration) {
          task();
          const auto now = Clock::now();
          times_ms[i].push_back(std::chrono::duration<double, std::milli>(now - last).count());
          last = now;
        }
        rates_per_s[i] = static_cast<double>(times_ms[i].size()) /
                         std::chrono::duration<double>(last - begin).count();
      });
    }
  }
  Measured measured{.threads = threads};
  std::vector<double> all;
  for (const auto& of_thread : times_ms) all.insert(all.end(), of_thread.begin(), of_thread.end());
  for (const double rate : rates_per_s) measured.per_s += rate;
  measured.median_ms = median(all);
  return measured;
}

}  // namespace samoyed::bench
