#pragma once

#include <chrono>
#include <cstddef>

namespace samoyed::worker {

/// How much CPU time the calling thread may still spend on one image. A decoder reports its work in
/// small pieces, and stops when the budget says so. Time that the thread waits for a processor
/// doesn't count. Thread rule: one object, one thread.
class CpuBudget {
 public:
  /// The budget begins now.
  explicit CpuBudget(std::chrono::milliseconds cpu_max);

  /// Reports that `work` more bytes or pixels were decoded. Returns false from then on when the
  /// time is used up. Reads the clock only once for each work_per_look, because that is a system
  /// call.
  bool spend(std::size_t work);

  /// Returns false, from then on, if work that takes at least `least` can't end in time. For a
  /// decoder that can't be stopped within it.
  bool allows(std::chrono::nanoseconds least);

  bool is_exceeded() const { return exceeded_; }

 private:
  /// The slowest decoder takes about two milliseconds for it.
  static constexpr std::size_t work_per_look = std::size_t{128} << 10;

  std::chrono::nanoseconds ends_at_;
  std::size_t work_ = 0;
  bool exceeded_ = false;
};

}  // namespace samoyed::worker
