#include "samoyed/protocol/byte_budget.hpp"

namespace samoyed::protocol {

bool ByteBudget::Share::resize(std::uint64_t bytes, Clock::time_point now) {
  if (budget_ == nullptr) return true;
  const std::uint64_t more = bytes > held_bytes_ ? bytes - held_bytes_ : 0;
  // Making room may evict this share too, if it is the slow one.
  const bool held_before = held_bytes_ > 0;
  if (bytes == 0 || !budget_->make_room(more, now) || (held_before && held_bytes_ == 0)) {
    release();
    return bytes == 0;
  }
  if (!held_before) {
    held_since_ = now;
    place_ = budget_->holders_.insert(budget_->holders_.end(), this);
  }
  budget_->used_bytes_ += bytes - held_bytes_;
  held_bytes_ = bytes;
  return true;
}

void ByteBudget::Share::release() {
  if (held_bytes_ == 0) return;
  budget_->used_bytes_ -= held_bytes_;
  budget_->holders_.erase(place_);
  held_bytes_ = 0;
}

bool ByteBudget::make_room(std::uint64_t bytes, Clock::time_point now) {
  while (bytes > bytes_max_ - used_bytes_) {
    if (bytes > bytes_max_ || holders_.empty()) return false;
    Share& longest = *holders_.front();
    if (now - longest.held_since_ <= grace_) return false;
    longest.release();
    longest.on_lost_();
  }
  return true;
}

}  // namespace samoyed::protocol
