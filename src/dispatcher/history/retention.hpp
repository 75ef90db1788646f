#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/history/database_thread.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// Periodically removes rows past their retention, and goes on with what was interrupted, in
/// batches so small that new rows hardly wait.
///
/// Thread rule: the executor's thread.
class Retention {
 public:
  struct Step {
    /// Removes, or changes, at most `count` rows that are due at `now_ms` (milliseconds since
    /// 1970). Returns how many: `count` if there may be more.
    std::function<std::uint64_t(Database& database, std::int64_t now_ms, std::size_t count)>
        carry_out;
    /// Returns how many rows may go in one interval, so that a clock that jumps can't empty the
    /// history at once. Null: any number.
    std::function<std::uint64_t(Database& database)> rows_max = nullptr;
  };

  Retention(asio::any_io_executor executor, DatabaseThread& writer, std::vector<Step> steps,
            std::chrono::milliseconds interval = std::chrono::minutes(1));

  /// Runs until `stop`. Call once.
  asio::awaitable<void> run();
  void stop();

 private:
  asio::awaitable<void> try_step(const Step& step);
  asio::awaitable<void> carry_out(Step step);

  DatabaseThread& writer_;
  const std::vector<Step> steps_;
  const std::chrono::milliseconds interval_;
  io::Event stopped_;
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
