#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <malloc.h>

#include "samoyed/io/process.hpp"

namespace samoyed::io {

/// From now on blocks of less than 4 MiB stay in the heap when they are freed. A block that comes from the
/// kernel costs a page fault for every 4 KiB: all that a picture of 660 kB needs on its way through the
/// dispatcher, 5 ms. What a crowd of pictures leaves, SurplusMemory gives back.
inline void keep_freed_blocks() {
  constexpr int mmapped_bytes_min = 4 << 20;
  constexpr int trimmed_bytes_min = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, mmapped_bytes_min);
  mallopt(M_TRIM_THRESHOLD, trimmed_bytes_min);
}

/// Gives back what was freed so far. Takes milliseconds: after a start that needed much, or when there is
/// nothing to do.
inline void give_back_free_memory() { malloc_trim(/*pad=*/0); }

/// Gives freed memory back once it is more than the next pictures need.
///
/// Thread rule: one thread.
class SurplusMemory {
 public:
  static constexpr std::uint64_t kept_bytes = std::uint64_t{16} << 20;

  /// To be called every second or so: takes some 10 us, and milliseconds where there is much to give back.
  void give_back() {
    const std::uint64_t unused = unused_bytes();
    least_unused_bytes_ = std::min(least_unused_bytes_, unused);
    if (unused > least_unused_bytes_ + kept_bytes) give_back_free_memory();
  }

 private:
  /// Resident, but in no block: free ones, and the program itself.
  static std::uint64_t unused_bytes() {
    const auto blocks = mallinfo2();
    const std::uint64_t used = blocks.uordblks + blocks.hblkhd;
    const std::uint64_t resident = read_memory().resident_bytes;
    return resident > used ? resident - used : 0;
  }

  std::uint64_t least_unused_bytes_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace samoyed::io
