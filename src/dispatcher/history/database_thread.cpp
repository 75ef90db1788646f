#include "dispatcher/history/database_thread.hpp"

#include <algorithm>
#include <iterator>

#include <spdlog/spdlog.h>

namespace samoyed::dispatcher {
namespace {

/// The most tasks in one transaction. Limits how much runs twice after a failure, and how long a
/// commit takes.
constexpr std::size_t group_tasks_max = 1000;

void roll_back(Database& database) {
  try {
    database.execute("ROLLBACK");
  } catch (const StorageError&) {
    // SQLite has already rolled back on its own, as it does when the disk is full.
  }
}

/// Whether the same task may succeed later. Sets `why` to the failure's message.
bool may_pass(const std::exception_ptr& failure, std::string& why) {
  try {
    std::rethrow_exception(failure);
  } catch (const DiskError& error) {
    why = error.what();
    return true;
  } catch (const std::exception& error) {
    why = error.what();
  }
  return false;
}

}  // namespace

DatabaseThread::DatabaseThread(Database database, Kind kind, Limits limits)
    : database_(std::move(database)), kind_(kind), limits_(limits), thread_([this] { loop(); }) {}

DatabaseThread::~DatabaseThread() { stop(); }

bool DatabaseThread::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t tasks_max = limits_.tasks_max + (task.done ? limits_.awaited_tasks_max : 0);
    if (stopping_ || tasks_ >= tasks_max || task.bytes > limits_.bytes_max - bytes_) {
      return false;
    }
    ++tasks_;
    bytes_ += task.bytes;
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void DatabaseThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::vector<DatabaseThread::Task> DatabaseThread::take_group() {
  const std::size_t count = kind_ == Kind::reader ? 1 : std::min(waiting_.size(), group_tasks_max);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Task> group(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return group;
}

void DatabaseThread::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto group = take_group();
    std::size_t bytes = 0;
    for (const Task& task : group) bytes += task.bytes;
    lock.unlock();
    if (kind_ == Kind::reader) {
      read(group.front());
    } else {
      carry_out(group);
    }
    const std::size_t count = group.size();
    group.clear();
    lock.lock();
    tasks_ -= count;
    bytes_ -= bytes;
  }
}

void DatabaseThread::read(Task& task) {
  std::exception_ptr failure;
  database_.set_deadline(std::chrono::steady_clock::now() + limits_.task_timeout);
  try {
    task.run(database_);
  } catch (...) {
    failure = std::current_exception();
  }
  database_.set_deadline(std::nullopt);
  if (task.done) task.done(failure);
}

void DatabaseThread::carry_out(std::vector<Task>& group) {
  if (group.size() > 1 && !commit(group)) return;
  for (std::size_t index = 0; index < group.size(); ++index) {
    if (group[index].run) carry_out_alone(group[index], std::span(group).subspan(index + 1));
  }
}

/// `later` holds the tasks that follow it in its group.
void DatabaseThread::carry_out_alone(Task& task, std::span<Task> later) {
  bool logged = false;
  bool last = false;
  const auto refuse_at = std::chrono::steady_clock::now() + limits_.patience;
  while (const auto failure = commit({&task, 1})) {
    if (!task.persistent) {
      if (task.done) task.done(failure);
      return;
    }
    std::string why;
    const bool passing = may_pass(failure, why);
    if (!std::exchange(logged, true)) spdlog::error("can't write the history: {}", why);
    if (!passing || last) {
      ++lost_;
      // Each remaining task is tried once more, without waiting for another process's lock.
      if (last) database_.set_busy_timeout(std::chrono::milliseconds(0));
      return;
    }
    if (std::chrono::steady_clock::now() >= refuse_at) refuse_awaited(later, failure);
    std::unique_lock lock(mutex_);
    last = changed_.wait_for(lock, limits_.retry_pause, [this] { return stopping_; });
  }
  if (logged) spdlog::info("the history can be written again");
}

/// Fails all tasks that aren't persistent, both in the group and in the queue.
void DatabaseThread::refuse_awaited(std::span<Task> later, const std::exception_ptr& failure) {
  std::vector<Task> refused;
  for (Task& task : later) {
    if (task.run && !task.persistent) refused.push_back(std::exchange(task, Task{}));
  }
  {
    const std::lock_guard lock(mutex_);
    const auto persistent = [](const Task& task) { return task.persistent; };
    const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(), persistent);
    for (auto task = rest; task != waiting_.end(); ++task) {
      --tasks_;
      bytes_ -= task->bytes;
      refused.push_back(std::move(*task));
    }
    waiting_.erase(rest, waiting_.end());
  }
  for (const Task& task : refused) {
    if (task.done) task.done(failure);
  }
}

/// Runs the group in one transaction. Returns the error; then nothing was committed and no `done`
/// was called.
std::exception_ptr DatabaseThread::commit(std::span<Task> group) {
  const bool synced = std::ranges::any_of(
      group, [](const Task& task) { return task.durability == Durability::power_loss; });
  try {
    // A synced commit makes all earlier commits durable too.
    database_.execute(synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    database_.execute("BEGIN IMMEDIATE");
    for (Task& task : group) task.run(database_);
    database_.execute("COMMIT");
  } catch (...) {
    const auto failure = std::current_exception();
    roll_back(database_);
    return failure;
  }
  for (Task& task : group) {
    if (task.done) task.done(nullptr);
  }
  return nullptr;
}

}  // namespace samoyed::dispatcher
