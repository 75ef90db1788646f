#include "dispatcher/libpq/pool.hpp"

namespace samoyed::dispatcher::postgres {

Pool::Pool(const Reconnecting::Open& open, std::size_t threads, Limits limits)
    : limits_(limits), usable_(threads) {
  for (std::size_t count = 0; count < threads; ++count) {
    connections_.push_back(std::make_unique<Reconnecting>(open));
    threads_.emplace_back([this, connection = connections_.back().get()] { loop(*connection); });
  }
}

Pool::~Pool() { stop(); }

bool Pool::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= limits_.tasks_max ||
        task.bytes > limits_.bytes_max - bytes_) {
      return false;
    }
    bytes_ += task.bytes;
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

ConnectionUse Pool::use() const {
  ConnectionUse all;
  for (const auto& connection : connections_) all += connection->use();
  return all;
}

std::string Pool::problem() const {
  {
    const std::lock_guard lock(mutex_);
    if (usable_ > 0) return {};
  }
  std::string problem;
  for (const auto& connection : connections_) problem = connection->problem();
  return problem;
}

void Pool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  all_failed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

/// Connects if necessary. Another thread is woken before that, because it may take long.
bool Pool::connect(Reconnecting& connection) {
  if (connection.is_connected()) return true;
  changed_.notify_one();
  try {
    connection.get();
    return true;
  } catch (const StorageError&) {
    return false;
  }
}

void Pool::loop(Reconnecting& connection) {
  bool usable = true;
  std::unique_lock lock(mutex_);
  while (true) {
    wait_for_work(connection, usable, lock);
    if (stopping_ && waiting_.empty()) return;
    lock.unlock();
    const bool connected = connect(connection);
    lock.lock();
    if (usable != connected) usable_ = connected ? usable_ + 1 : usable_ - 1;
    usable = connected;
    if (usable_ == 0) all_failed_.notify_all();
    if (!usable && usable_ > 0 && !stopping_) {
      all_failed_.wait_until(lock, connection.due(), [this] { return stopping_ || usable_ == 0; });
    } else if (!waiting_.empty()) {
      run_next(connection, lock);
    }
  }
}

/// A thread without a connection also tries again without a task, so that `problem` ends.
void Pool::wait_for_work(const Reconnecting& connection, bool usable,
                         std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return stopping_ || !waiting_.empty(); };
  if (usable) {
    changed_.wait(lock, has_work);
  } else {
    changed_.wait_until(lock, connection.due(), has_work);
  }
}

/// `lock` isn't locked while the task runs.
void Pool::run_next(Reconnecting& connection, std::unique_lock<std::mutex>& lock) {
  Task task = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  std::exception_ptr failure;
  try {
    connection.call(task.run);
  } catch (...) {
    failure = std::current_exception();
  }
  task.run = nullptr;
  task.done(failure);
  task.done = nullptr;
  lock.lock();
  bytes_ -= task.bytes;
}

}  // namespace samoyed::dispatcher::postgres
