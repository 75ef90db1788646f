#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/libpq/reconnecting.hpp"

namespace samoyed::dispatcher::postgres {

/// Threads that have a connection each and run the tasks of one queue. While the database can't be
/// reached, tasks fail at once.
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

 private:
  struct Task {
    std::function<void(Connection&)> run;
    std::function<void(std::exception_ptr)> done;
    std::size_t bytes = 0;
  };

  bool post(Task task);
  void loop(Reconnecting& connection);

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<Task> waiting_;
  std::size_t bytes_ = 0;  ///< Of waiting and running tasks.
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
