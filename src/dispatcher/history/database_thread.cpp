#include "dispatcher/history/database_thread.hpp"

#include <algorithm>
#include <iterator>

#include <spdlog/spdlog.h>

#include "dispatcher/history/commit_mark.hpp"
#include "dispatcher/history/statistics_rows.hpp"
#include "samoyed/io/random.hpp"

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

bool is_full(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const DiskFullError&) {
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void count_call(CallCounter& calls, CallCounter::Clock::time_point began,
                const std::exception_ptr& failure) {
  const auto length = CallCounter::Clock::now() - began;
  if (failure) {
    calls.failed(length);
  } else {
    calls.done(length);
  }
}

/// Whether the same task may succeed later. Sets `why` to the failure's message.
bool may_pass(const std::exception_ptr& failure, std::string& why) {
  try {
    std::rethrow_exception(failure);
  } catch (const DiskError& error) {
    why = error.what();
    return true;
  } catch (const DamageError& error) {
    why = error.what();
    return true;
  } catch (const std::exception& error) {
    why = error.what();
  }
  return false;
}

}  // namespace

DatabaseThread::DatabaseThread(ReopeningDatabase::Open open, Kind kind, Limits limits,
                               DiskReserve* reserve)
    : database_(std::move(open), limits.retry_pause),
      reserve_(reserve),
      kind_(kind),
      limits_(limits),
      thread_([this] { loop(); }) {}

DatabaseThread::DatabaseThread(Database database, Kind kind, Limits limits, DiskReserve* reserve)
    : database_(std::move(database)),
      reserve_(reserve),
      kind_(kind),
      limits_(limits),
      thread_([this] { loop(); }) {}

DatabaseThread::~DatabaseThread() { stop(); }

std::string DatabaseThread::problem() const {
  if (std::string problem = database_.problem(); !problem.empty()) return problem;
  const std::lock_guard lock(mutex_);
  return write_problem_;
}

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
    // Looks at the file even if there is nothing to do, so that `problem` is true.
    const bool idle = !changed_.wait_for(lock, limits_.retry_pause,
                                         [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_ && waiting_.empty()) return;
    lock.unlock();
    Database* const database = database_.get();
    const bool usable = database != nullptr;
    if (!usable) refuse_awaited({}, unavailable());
    if (usable && idle && kind_ == Kind::writer) log_limit_.idle(*database);
    lock.lock();
    if (!usable) {
      const auto awaited = [](const Task& task) { return !task.persistent; };
      changed_.wait_for(lock, limits_.retry_pause,
                        [&] { return stopping_ || std::ranges::any_of(waiting_, awaited); });
      if (!stopping_) continue;
    }
    if (waiting_.empty()) continue;
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
  if (Database* const database = database_.get()) {
    const auto began = CallCounter::Clock::now();
    database->set_deadline(began + limits_.task_timeout);
    try {
      task.run(*database);
    } catch (...) {
      failure = std::current_exception();
    }
    database->set_deadline(std::nullopt);
    count_call(calls_, began, failure);
  } else {
    calls_.failed_at_once();
    failure = unavailable();
  }
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
      Database* const database = database_.get();
      if (last && database) database->set_busy_timeout(std::chrono::milliseconds(0));
      return;
    }
    if (is_full(failure)) carry_out_urgent(later);
    const bool late = std::chrono::steady_clock::now() >= refuse_at;
    if (late || !database_.problem().empty()) refuse_awaited(later, failure);
    std::unique_lock lock(mutex_);
    last = changed_.wait_for(lock, limits_.retry_pause, [this] { return stopping_; });
  }
  if (logged) spdlog::info("the history can be written again");
}

/// Fails all tasks that aren't persistent, both in the group and in the queue.
void DatabaseThread::refuse_awaited(std::span<Task> later, const std::exception_ptr& failure) {
  for (const Task& task : take(later, [](const Task& each) { return !each.persistent; })) {
    if (task.done) task.done(failure);
  }
}

/// On a full disk, persistent tasks would hold up those after which there is room again.
void DatabaseThread::carry_out_urgent(std::span<Task> later) {
  for (Task& task : take(later, [](const Task& each) { return each.frees_space; })) {
    const auto failure = commit({&task, 1});
    if (failure && task.done) task.done(failure);
  }
}

/// Takes the wanted tasks out of the rest of the group and out of the queue.
std::vector<DatabaseThread::Task> DatabaseThread::take(std::span<Task> later,
                                                       bool (*wanted)(const Task&)) {
  std::vector<Task> taken;
  for (Task& task : later) {
    if (task.run && wanted(task)) taken.push_back(std::exchange(task, Task{}));
  }
  const std::lock_guard lock(mutex_);
  const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(),
                                          [&](const Task& task) { return !wanted(task); });
  for (auto task = rest; task != waiting_.end(); ++task) {
    --tasks_;
    bytes_ -= task->bytes;
    taken.push_back(std::move(*task));
  }
  waiting_.erase(rest, waiting_.end());
  return taken;
}

std::exception_ptr DatabaseThread::unavailable() const {
  return std::make_exception_ptr(DiskError("the database can't be used: " + problem()));
}

/// Runs the group in one transaction. Returns the error; then nothing was committed and no `done`
/// was called.
std::exception_ptr DatabaseThread::commit(std::span<Task> group) {
  Database* const database = database_.get();
  if (!database) {
    calls_.failed_at_once();
    return unavailable();
  }
  const bool urgent = std::ranges::all_of(group, &Task::frees_space);
  if (reserve_used_) reserve_used_ = !reserve_->keep();
  if (reserve_used_ && !urgent) {
    calls_.failed_at_once();
    return std::make_exception_ptr(DiskFullError("the disk is full"));
  }
  auto failure = counted_commit(*database, group);
  if (failure && reserve_ && urgent && is_full(failure)) {
    reserve_->release();
    reserve_used_ = true;
    failure = counted_commit(*database, group);
  }
  std::string why;
  const bool passing = failure && may_pass(failure, why);
  if (passing) database_.close_if_unusable(failure);
  // That an urgent task used the reserve doesn't mean that there is room for others.
  if (failure || !urgent) {
    const std::lock_guard lock(mutex_);
    write_problem_ = passing ? why : std::string();
  }
  if (failure) return failure;
  for (Task& task : group) {
    if (task.done) task.done(nullptr);
  }
  log_limit_.committed(*database, LogLimit::Clock::now());
  return nullptr;
}

std::exception_ptr DatabaseThread::counted_commit(Database& database, std::span<Task> group) {
  const auto began = CallCounter::Clock::now();
  auto failure = try_commit(database, group);
  count_call(calls_, began, failure);
  return failure;
}

std::exception_ptr DatabaseThread::try_commit(Database& database, std::span<Task> group) {
  const bool synced = std::ranges::any_of(
      group, [](const Task& task) { return task.durability == Durability::power_loss; });
  try {
    if (was_committed(database, group.front())) return nullptr;
    // A synced commit makes all earlier commits durable too.
    database.execute(synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    run_transaction(database, group);
  } catch (...) {
    const auto failure = std::current_exception();
    roll_back(database);
    return failure;
  }
  return nullptr;
}

void DatabaseThread::run_transaction(Database& database, std::span<Task> group) {
  database.execute("BEGIN IMMEDIATE");
  StatisticsBatch statistics(database);
  for (Task& task : group) task.run(database);
  statistics.write();
  const bool retried = std::ranges::any_of(group, &Task::persistent);
  const std::string mark = retried ? io::random_hex(io::id_bytes) : std::string();
  if (retried) set_commit_mark(database, mark);
  try {
    database.execute("COMMIT");
    // Nothing is acknowledged that is in a file which nobody will find.
    if (!database.is_current()) throw DiskError("the database was removed, replaced or emptied");
  } catch (const StorageError&) {
    if (retried) {
      for (Task& task : group) task.in_doubt = true;
      doubtful_mark_ = mark;
      doubtful_committed_.reset();
    }
    throw;
  }
}

/// Whether the task's transaction was committed although that failed. Nothing else may have been
/// committed since.
bool DatabaseThread::was_committed(Database& database, Task& task) {
  if (!doubtful_mark_.empty() && !doubtful_committed_) {
    doubtful_committed_ = commit_mark(database) == doubtful_mark_;
  }
  return std::exchange(task.in_doubt, false) && doubtful_committed_.value_or(false);
}

}  // namespace samoyed::dispatcher
