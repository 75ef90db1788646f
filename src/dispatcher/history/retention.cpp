#include "dispatcher/history/retention.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "dispatcher/history/removals.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {

Retention::Retention(asio::any_io_executor executor, DatabaseThread& writer,
                     std::vector<Step> steps, std::chrono::milliseconds interval)
    : writer_(writer), steps_(std::move(steps)), interval_(interval), stopped_(executor) {}

asio::awaitable<void> Retention::run() {
  while (!stopping_) {
    for (const Step& step : steps_) co_await try_step(step);
    if (stopping_) break;
    co_await stopped_.wait_until(io::Event::Clock::now() + interval_);
  }
}

/// A step that fails keeps no other one from its turn.
asio::awaitable<void> Retention::try_step(const Step& step) {
  try {
    co_await carry_out(step);
  } catch (const StorageError& error) {
    spdlog::error("can't tidy up the history, which is tried again in a minute: {}", error.what());
  }
}

asio::awaitable<void> Retention::carry_out(Step step) {
  std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
  if (step.rows_max) left = co_await writer_.run(step.rows_max);
  while (left > 0 && !stopping_) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(removed_rows_max, left));
    auto work = [step, count](Database& database) {
      return step.carry_out(database, io::wall_clock_ms(), count);
    };
    const std::uint64_t removed = co_await writer_.run(std::move(work));
    if (removed < count) co_return;
    left -= removed;
  }
}

void Retention::stop() {
  stopping_ = true;
  stopped_.notify();
}

}  // namespace samoyed::dispatcher
