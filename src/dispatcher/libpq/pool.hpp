#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/libpq/reconnecting.hpp"

namespace samoyed::dispatcher::postgres {

/// Threads that have a connection each and run the tasks of one queue. A thread that can't connect,
/// for example because the server has no connection left, leaves the tasks to the others. If none
/// can connect, tasks fail at once.
///
/// Thread rule: every member may be called from any thread.
class Pool {
 public:
  struct Limits {
    std::size_t tasks_max = 1000;
    std::size_t bytes_max = std::size_t{256} << 20;
  };

  Pool(const Reconnecting::Open& open, std::size_t threads, Limits limits);
  Pool(const Reconnecting::Open& open, std::size_t threads) : Pool(open, threads, Limits()) {}
  /// Calls `stop`.
  ~Pool();

  /// Runs `work(Connection&)` on a thread. Returns its result on the awaiting coroutine's executor,
  /// or throws its exception. `bytes` is the memory that the work holds. Throws UnavailableError if
  /// too much is waiting, or after `stop`.
  template <typename Work>
  asio::awaitable<std::invoke_result_t<Work&, Connection&>> run(Work work, std::size_t bytes = 0);

  /// Runs the waiting tasks, then ends the threads. Further calls do nothing.
  void stop();

  /// How the connections were used, all together.
  ConnectionUse use() const;

  /// Why no thread can connect, in one sentence; empty if one could when it tried last, or if one
  /// hasn't tried yet.
  std::string problem() const;

 private:
  struct Task {
    std::function<void(Connection&)> run;
    std::function<void(std::exception_ptr)> done;
    std::size_t bytes = 0;
  };

  bool post(Task task);
  void loop(Reconnecting& connection);
  void wait_for_work(const Reconnecting& connection, bool usable,
                     std::unique_lock<std::mutex>& lock);
  bool connect(Reconnecting& connection);
  void run_next(Reconnecting& connection, std::unique_lock<std::mutex>& lock);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable all_failed_;  ///< Wakes threads without a connection.
  // Guarded by mutex_:
  std::deque<Task> waiting_;
  std::size_t bytes_ = 0;   ///< Of waiting and running tasks.
  std::size_t usable_ = 0;  ///< The number of threads that could connect, or haven't tried yet.
  bool stopping_ = false;

  std::vector<std::unique_ptr<Reconnecting>> connections_;
  std::vector<std::thread> threads_;
};

template <typename Work>
asio::awaitable<std::invoke_result_t<Work&, Connection&>> Pool::run(Work work, std::size_t bytes) {
  using Value = std::invoke_result_t<Work&, Connection&>;
  auto value = std::make_shared<std::optional<Value>>();
  auto initiate = [this, work, value, bytes](auto handler) {
    Task task{.run = [work, value](Connection& connection) mutable { *value = work(connection); },
              .done = dispatcher::detail::completion(std::move(handler)),
              .bytes = bytes};
    auto done = task.done;
    if (!post(std::move(task))) {
      done(std::make_exception_ptr(
          UnavailableError("too many operations are waiting for the database")));
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
      std::move(initiate), asio::use_awaitable);
  co_return std::move(**value);
}

}  // namespace samoyed::dispatcher::postgres
