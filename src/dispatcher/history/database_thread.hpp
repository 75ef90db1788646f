#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "dispatcher/history/sqlite.hpp"

namespace samoyed::dispatcher {

/// A thread that owns a connection and carries out what waits for it, first come, first served.
///
/// One that writes puts all that waits into one transaction: a disk that takes 10 ms for each then costs
/// many recorders 10 ms together. Where a task of a group fails the group is undone and each of it done
/// by itself, so a task may be run twice and must keep to the database and what it captured by value.
///
/// Thread rule: every member may be called from any thread.
class DatabaseThread {
 public:
  enum class Kind { writer, reader };
  struct Limits {
    /// That nobody awaits.
    std::size_t tasks_max = 20000;
    /// Room beyond it for tasks that someone awaits, so that a flood of rows doesn't refuse them.
    std::size_t awaited_tasks_max = 1000;
    std::size_t bytes_max = std::size_t{64} << 20;
    /// Of a reader's task, which fails beyond it.
    std::chrono::milliseconds task_timeout{10000};
    /// Between two tries of a commit that failed, as on a full disk.
    std::chrono::milliseconds retry_pause{1000};
    /// How long such a disk holds up what someone awaits; then that fails of the disk's error.
    std::chrono::milliseconds patience{3000};
  };
  /// What a commit of the writer survives.
  enum class Durability {
    process_crash,  ///< The process's end at any moment; not the machine's.
    power_loss,     ///< Everything: the file is synced before the task counts as done.
  };
  struct Task {
    std::function<void(Database&)> run;
    /// Called on this thread when all is committed, or with what `run` threw. May be empty.
    std::function<void(std::exception_ptr)> done;
    Durability durability = Durability::process_crash;
    /// Memory that it holds.
    std::size_t bytes = 0;
    /// Tried again and again on a DiskError, until the thread is stopped: for what was promised.
    bool persistent = false;
  };

  DatabaseThread(Database database, Kind kind, Limits limits);
  /// As `stop`.
  ~DatabaseThread();

  /// False if too much waits, or after `stop`.
  bool post(Task task);

  /// Runs `work(Database&)` on the thread and gives what it returned to the awaiting coroutine's executor,
  /// or throws what it threw; StorageError if too much waits, or after `stop`.
  template <typename Work>
  asio::awaitable<std::invoke_result_t<Work&, Database&>> run(
      Work work, Durability durability = Durability::process_crash, std::size_t bytes = 0);

  /// Carries out what waits, then ends the thread. Further calls do nothing.
  void stop();

  /// Persistent tasks that failed otherwise, or were given up at the stop.
  std::uint64_t lost() const { return lost_; }

 private:
  void loop();
  std::vector<Task> take_group();
  void carry_out(std::vector<Task>& group);
  void carry_out_alone(Task& task, std::span<Task> later);
  void refuse_awaited(std::span<Task> later, const std::exception_ptr& failure);
  std::exception_ptr commit(std::span<Task> group);
  void read(Task& task);

  Database database_;
  const Kind kind_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<Task> waiting_;
  std::size_t bytes_ = 0;  ///< Of the waiting tasks and of the group under way.
  std::size_t tasks_ = 0;  ///< Likewise.
  bool stopping_ = false;

  std::atomic<std::uint64_t> lost_ = 0;
  std::thread thread_;
};

namespace detail {

/// Completes an awaiting coroutine on its own executor, from any thread, once.
template <typename Handler>
std::function<void(std::exception_ptr)> completion(Handler handler) {
  auto executor = asio::get_associated_executor(handler);
  auto work = asio::prefer(executor, asio::execution::outstanding_work.tracked);
  auto shared = std::make_shared<std::optional<Handler>>(std::move(handler));
  return [shared, work](std::exception_ptr failure) mutable {
    asio::post(work, [shared = std::move(shared), failure] {
      auto resume = std::move(**shared);
      shared->reset();
      resume(failure);
    });
  };
}

}  // namespace detail

template <typename Work>
asio::awaitable<std::invoke_result_t<Work&, Database&>> DatabaseThread::run(Work work,
                                                                            Durability durability,
                                                                            std::size_t bytes) {
  using Value = std::invoke_result_t<Work&, Database&>;
  auto value = std::make_shared<std::optional<Value>>();
  auto initiate = [this, work, value, durability, bytes](auto handler) {
    Task task{.run = [work, value](Database& database) mutable { *value = work(database); },
              .done = detail::completion(std::move(handler)),
              .durability = durability,
              .bytes = bytes};
    auto done = task.done;
    if (!post(std::move(task))) {
      done(std::make_exception_ptr(StorageError("too much waits for the history's disk")));
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
      std::move(initiate), asio::use_awaitable);
  co_return std::move(**value);
}

}  // namespace samoyed::dispatcher
