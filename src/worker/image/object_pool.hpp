#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace samoyed::worker {

/// Lends objects that are expensive to make and serve one user at a time, and keeps them for the
/// next user. It holds as many as were ever in use at the same time.
///
/// Thread rule: any thread may take and return objects. The lock is held no longer than it takes to
/// move a pointer. The pool must outlive the objects that it lends.
template <typename Object>
class ObjectPool {
 public:
  /// Whether a returned object is worth keeping.
  using Keeps = bool (*)(const Object& object);

  /// Returns the object to its pool.
  struct Return {
    ObjectPool* to = nullptr;
    void operator()(Object* object) const noexcept {
      to->take_back(std::unique_ptr<Object>(object));
    }
  };
  using Lease = std::unique_ptr<Object, Return>;

  explicit ObjectPool(Keeps keeps = [](const Object&) { return true; }) : keeps_(keeps) {}

  /// Lends an idle object. If there is none, lends the result of `make`, a std::unique_ptr<Object>.
  template <typename Make>
  Lease take(const Make& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Object> object = std::move(idle_.back());
        idle_.pop_back();
        return lend(std::move(object));
      }
    }
    std::unique_ptr<Object> object = make();
    const std::lock_guard lock(mutex_);
    return lend(std::move(object));
  }

 private:
  /// The caller must hold the lock.
  Lease lend(std::unique_ptr<Object> object) {
    // Reserve room for all lent objects, so that returning one can't fail.
    idle_.reserve(idle_.size() + lent_ + 1);
    ++lent_;
    return Lease(object.release(), Return{this});
  }

  void take_back(std::unique_ptr<Object> object) noexcept {
    const std::lock_guard lock(mutex_);
    --lent_;
    if (keeps_(*object)) idle_.push_back(std::move(object));
  }

  const Keeps keeps_;
  std::mutex mutex_;
  std::size_t lent_ = 0;                       // guarded by mutex_
  std::vector<std::unique_ptr<Object>> idle_;  // guarded by mutex_
};

}  // namespace samoyed::worker
