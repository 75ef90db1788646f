#include "dispatcher/history/retention.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {
namespace {

/// The most rows removed in one transaction, which takes a few milliseconds.
constexpr std::size_t piece_rows = 200;

}  // namespace

Retention::Retention(asio::any_io_executor executor, DatabaseThread& writer,
                     std::vector<Step> steps, std::chrono::milliseconds interval)
    : writer_(writer), steps_(std::move(steps)), interval_(interval), stopped_(executor) {}

asio::awaitable<void> Retention::run() {
  while (!stopping_) {
    try {
      for (const Step& step : steps_) co_await remove_all(step);
    } catch (const StorageError& error) {
      spdlog::error("can't remove old rows of the history: {}", error.what());
    }
    if (stopping_) break;
    co_await stopped_.wait_until(io::Event::Clock::now() + interval_);
  }
}

asio::awaitable<void> Retention::remove_all(Step step) {
  std::uint64_t removed = piece_rows;
  while (removed >= piece_rows && !stopping_) {
    auto work = [step](Database& database) {
      return step(database, io::wall_clock_ms(), piece_rows);
    };
    removed = co_await writer_.run(std::move(work));
  }
}

void Retention::stop() {
  stopping_ = true;
  stopped_.notify();
}

}  // namespace samoyed::dispatcher
