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

  /// What one party holds; given back when this is destroyed.
  class Share {
   public:
    /// Holds nothing yet. Without a budget there is no bound. `on_lost` must drop what the party
    /// holds: others were given its bytes.
    Share(ByteBudget* budget, std::function<void()> on_lost)
        : budget_(budget), on_lost_(std::move(on_lost)) {}
    ~Share() { release(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// The party wants to hold that many bytes. False, with all given back, where the budget
    /// doesn't allow them: the party then has to drop what it holds.
    bool resize(std::uint64_t bytes, Clock::time_point now);

    /// The party holds nothing any more.
    void release();

   private:
    friend class ByteBudget;

    ByteBudget* budget_;
    std::function<void()> on_lost_;
    std::uint64_t held_bytes_ = 0;
    Clock::time_point held_since_;
    std::list<Share*>::iterator place_;  ///< Among the holders, while this holds something.
  };

 private:
  bool make_room(std::uint64_t bytes, Clock::time_point now);

  const std::uint64_t bytes_max_;
  const std::chrono::milliseconds grace_;
  std::uint64_t used_bytes_ = 0;
  std::list<Share*> holders_;  ///< Longest first.
};

}  // namespace samoyed::protocol
