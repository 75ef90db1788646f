#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include "dispatcher/history/database_thread.hpp"

namespace samoyed::dispatcher {

/// Removes what is too old, now and then, in pieces small enough that recorders between them don't wait.
///
/// Thread rule: the executor's thread.
class Retention {
 public:
  /// Removes at most `count` of something that is too old at that time (ms since 1970), and says how many.
  using Step =
      std::function<std::uint64_t(Database& database, std::int64_t now_ms, std::size_t count)>;

  Retention(asio::any_io_executor executor, DatabaseThread& writer, std::vector<Step> steps,
            std::chrono::milliseconds interval = std::chrono::minutes(1));

  /// Until `stop`. Call once.
  asio::awaitable<void> run();
  void stop();

 private:
  asio::awaitable<void> remove_all(Step step);

  DatabaseThread& writer_;
  const std::vector<Step> steps_;
  const std::chrono::milliseconds interval_;
  asio::steady_timer stopped_;
  bool stopping_ = false;
};

}  // namespace samoyed::dispatcher
