#include "dispatcher/libpq/pool.hpp"

namespace samoyed::dispatcher::postgres {

Pool::Pool(const Reconnecting::Open& open, std::size_t threads, Limits limits) : limits_(limits) {
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

void Pool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Pool::loop(Reconnecting& connection) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr failure;
    try {
      connection.call(task.run);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::size_t bytes = task.bytes;
    task.run = nullptr;
    task.done(failure);
    task.done = nullptr;
    lock.lock();
    bytes_ -= bytes;
  }
}

}  // namespace samoyed::dispatcher::postgres
