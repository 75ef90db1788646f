#pragma once

#include <cstdint>

namespace samoyed::protocol {

/// How many bytes many parties may hold together. Must outlive its shares. Not thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  std::uint64_t used_bytes() const { return used_bytes_; }

  /// What one party holds; given back when this is destroyed.
  class Share {
   public:
    /// Holds nothing yet. Without a budget there is no bound.
    explicit Share(ByteBudget* budget) : budget_(budget) {}
    ~Share() { resize(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// The party holds that many bytes now. False, with all given back, where the budget doesn't
    /// allow them: the party then has to drop what it holds.
    bool resize(std::uint64_t bytes) {
      if (budget_ == nullptr) return true;
      budget_->used_bytes_ -= held_bytes_;
      const bool fits = bytes <= budget_->bytes_max_ - budget_->used_bytes_;
      held_bytes_ = fits ? bytes : 0;
      budget_->used_bytes_ += held_bytes_;
      return fits;
    }

   private:
    ByteBudget* budget_;
    std::uint64_t held_bytes_ = 0;
  };

 private:
  const std::uint64_t bytes_max_;
  std::uint64_t used_bytes_ = 0;
};

}  // namespace samoyed::protocol
