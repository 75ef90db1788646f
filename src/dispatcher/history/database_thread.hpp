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
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "dispatcher/history/call_counter.hpp"
#include "dispatcher/history/log_limit.hpp"
#include "dispatcher/history/reopening_database.hpp"

namespace samoyed::dispatcher {

/// Disk space that is kept for tasks which must succeed although the disk is full.
class DiskReserve {
 public:
  virtual ~DiskReserve() = default;
  /// Makes sure that the space is there. Returns false if the disk has no room for it.
  virtual bool keep() = 0;
  /// Gives the space back to the disk.
  virtual void release() = 0;
};

/// A thread that owns a database connection and runs the tasks of its queue in order. While the
/// database can't be used, awaited tasks fail, and persistent ones wait.
///
/// A writer runs all waiting tasks in one transaction: if the disk takes 10 ms for a commit, many
/// rows share those 10 ms. If a task of a group fails, the group is rolled back and each task runs
/// by itself. So a task may run twice, and must use only the database and what it captured by
/// value. What it did is never committed twice: if it isn't known whether a transaction with
/// persistent tasks was committed, for example because its file was moved away meanwhile, its mark
/// (commit_mark.hpp) tells once the file is back.
///
/// Thread rule: every member may be called from any thread.
class DatabaseThread {
 public:
  enum class Kind { writer, reader };
  struct Limits {
    /// The most tasks in the queue, if nobody awaits them.
    std::size_t tasks_max = 20000;
    /// Additional room for awaited tasks, so that a flood of rows doesn't crowd them out.
    std::size_t awaited_tasks_max = 1000;
    std::size_t bytes_max = std::size_t{64} << 20;
    /// A reader's task fails if it takes longer.
    std::chrono::milliseconds task_timeout{10000};
    /// The pause before a failed commit is retried, for example while the disk is full.
    std::chrono::milliseconds retry_pause{1000};
    /// How long a failing disk may delay awaited tasks. After that they fail with the disk's error.
    std::chrono::milliseconds patience{3000};
  };
  /// What a commit survives.
  enum class Durability {
    process_crash,  ///< A crash of the process, but not of the machine.
    power_loss,     ///< A crash of the machine too: the file is synced before the task is done.
  };
  struct Task {
    std::function<void(Database&)> run;
    /// Called on the database thread after the commit, or with the exception if the task failed.
    /// May be empty.
    std::function<void(std::exception_ptr)> done = {};
    Durability durability = Durability::process_crash;
    /// The memory that the task holds.
    std::size_t bytes = 0;
    /// True: retried after a DiskError until the thread is stopped. For rows that were accepted and
    /// so must be written.
    bool persistent = false;
    /// True: on a full disk it goes before persistent tasks, and may use the reserve. For tasks
    /// after which files can be removed.
    bool frees_space = false;
    /// Set by the thread: a transaction with this task may have been committed.
    bool in_doubt = false;
  };

  /// Opens the database, and opens it again when its file is replaced or no longer damaged: see
  /// ReopeningDatabase. `reserve` may be null. It must outlive the thread.
  DatabaseThread(ReopeningDatabase::Open open, Kind kind, Limits limits,
                 DiskReserve* reserve = nullptr);
  /// For a database that is never opened again.
  DatabaseThread(Database database, Kind kind, Limits limits, DiskReserve* reserve = nullptr);
  /// Calls `stop`.
  ~DatabaseThread();

  /// Returns false if the queue is full, or after `stop`.
  bool post(Task task);

  /// Runs `work(Database&)` on the thread. Returns its result on the awaiting coroutine's executor,
  /// or throws its exception. Throws StorageError if the queue is full, or after `stop`.
  template <typename Work>
  asio::awaitable<std::invoke_result_t<Work&, Database&>> run(
      Work work, Durability durability = Durability::process_crash, std::size_t bytes = 0,
      bool frees_space = false);

  /// Runs the waiting tasks, then ends the thread. Further calls do nothing.
  void stop();

  /// Why the database can't be used or written now, in one sentence. Empty if it can.
  std::string problem() const;

  /// The number of persistent tasks that failed for a reason other than a DiskError, or that were
  /// still failing at the stop.
  std::uint64_t lost() const { return lost_; }

  /// The transactions of a writer, or the tasks of a reader.
  CallCounts calls() const { return calls_.counts(); }

 private:
  void loop();
  std::vector<Task> take_group();
  void carry_out(std::vector<Task>& group);
  void carry_out_alone(Task& task, std::span<Task> later);
  std::vector<Task> take(std::span<Task> later, bool (*wanted)(const Task&));
  void refuse_awaited(std::span<Task> later, const std::exception_ptr& failure);
  void carry_out_urgent(std::span<Task> later);
  std::exception_ptr commit(std::span<Task> group);
  std::exception_ptr counted_commit(Database& database, std::span<Task> group);
  std::exception_ptr try_commit(Database& database, std::span<Task> group);
  void run_transaction(Database& database, std::span<Task> group);
  bool was_committed(Database& database, Task& task);
  void read(Task& task);
  std::exception_ptr unavailable() const;

  ReopeningDatabase database_;
  DiskReserve* const reserve_;
  LogLimit log_limit_;         ///< The thread's.
  bool reserve_used_ = false;  ///< The disk was full, and the reserve isn't back. The thread's.
  /// The mark of the transaction that may have been committed. Empty if there is none. The
  /// thread's.
  std::string doubtful_mark_;
  std::optional<bool> doubtful_committed_;  ///< Whether it was. Unset until that is known.
  const Kind kind_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<Task> waiting_;
  std::size_t bytes_ = 0;  ///< Memory held by the waiting tasks and the running group.
  std::size_t tasks_ = 0;  ///< Number of waiting and running tasks.
  bool stopping_ = false;
  std::string write_problem_;  ///< The last commit failed for this reason, which may pass.

  std::atomic<std::uint64_t> lost_ = 0;
  CallCounter calls_;
  std::thread thread_;
};

namespace detail {

/// A function that completes an awaiting coroutine on its own executor. It may be called from any
/// thread, once.
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
                                                                            std::size_t bytes,
                                                                            bool frees_space) {
  using Value = std::invoke_result_t<Work&, Database&>;
  auto value = std::make_shared<std::optional<Value>>();
  auto initiate = [this, work, value, durability, bytes, frees_space](auto handler) {
    Task task{.run = [work, value](Database& database) mutable { *value = work(database); },
              .done = detail::completion(std::move(handler)),
              .durability = durability,
              .bytes = bytes,
              .frees_space = frees_space};
    auto done = task.done;
    if (!post(std::move(task))) {
      done(std::make_exception_ptr(
          StorageError("too many operations are waiting for the history's disk")));
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
      std::move(initiate), asio::use_awaitable);
  co_return std::move(**value);
}

}  // namespace samoyed::dispatcher
