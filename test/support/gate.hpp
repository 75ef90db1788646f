#pragma once

#include <condition_variable>
#include <mutex>

#include "support/wait.hpp"

namespace samoyed::test {

/// An event that happens once, in one thread. Other threads may query it or wait for it.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  bool is_open() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }
  /// Returns false only if it stayed closed for so long that something must have hung.
  bool wait() const {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, wait_max(), [this] { return open_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable opened_;
  bool open_ = false;
};

}  // namespace samoyed::test
