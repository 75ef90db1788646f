#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <utility>

namespace samoyed::protocol {

/// A shared byte limit. Holders past the grace period are evicted, oldest first, when another party
/// needs room, so that no slow party can keep the others out. Must outlive its shares. Not
/// thread-safe.
class ByteBudget {
 public:
  using Clock = std::chrono::steady_clock;

  ByteBudget(std::uint64_t bytes_max, std::chrono::milliseconds grace)
      : bytes_max_(bytes_max), grace_(grace) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  std::uint64_t used_bytes() const { return used_bytes_; }

  /// The bytes that one party holds. They are returned to the budget when the share is destroyed.
  class Share {
   public:
    /// Starts with no bytes. If `budget` is null, there is no limit. `on_lost` is called when the
    /// share is evicted. It must drop the data that the party holds, because the bytes are given to
    /// others.
    Share(ByteBudget* budget, std::function<void()> on_lost)
        : budget_(budget), on_lost_(std::move(on_lost)) {}
    ~Share() { release(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// Changes the number of bytes that the party holds. Returns false if the budget doesn't allow
    /// that many; all bytes are then returned to the budget, and the party has to drop its data.
    bool resize(std::uint64_t bytes, Clock::time_point now);

    /// Returns all bytes to the budget.
    void release();

   private:
    friend class ByteBudget;

    ByteBudget* budget_;
    std::function<void()> on_lost_;
    std::uint64_t held_bytes_ = 0;
    Clock::time_point held_since_;
    std::list<Share*>::iterator place_;  ///< Valid while this share holds bytes.
  };

 private:
  bool make_room(std::uint64_t bytes, Clock::time_point now);

  const std::uint64_t bytes_max_;
  const std::chrono::milliseconds grace_;
  std::uint64_t used_bytes_ = 0;
  std::list<Share*> holders_;  ///< Oldest first.
};

}  // namespace samoyed::protocol
