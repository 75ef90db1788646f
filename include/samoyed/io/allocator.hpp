#pragma once

#include <cstdint>
#include <limits>

#include <asio/awaitable.hpp>

namespace samoyed::io {

/// Makes freed blocks of any size stay in the heap for the next ones. A block that goes back to the
/// kernel between two images costs a page fault for every 4 KiB when it is needed again: from 4 MB
/// on the dispatcher took 1.7 to 3.3 ms of CPU a megabyte that way, and takes 0.9 to 1.3 now
/// (`scripts/bench --only buffers`). SurplusMemory gives back what a crowd leaves.
void keep_freed_blocks();

/// Gives back all memory that is free. Takes milliseconds: call it after a start that needed much,
/// or when there is nothing to do.
void give_back_free_memory();

/// Gives freed memory back once it is more than the next images need, by what recent ones had: so
/// a busy process keeps its memory, and within seconds after a crowd has left, the process is about
/// as small as before. After 64 clients with images of 4 MB a dispatcher holds 606 MB, and 8 MB
/// once this has given it back.
///
/// Thread rule: one thread.
class SurplusMemory {
 public:
  /// Free memory that is always kept.
  static constexpr std::int64_t kept_bytes = std::int64_t{16} << 20;
  /// So many times what was seen in use may stay, since a look seldom meets the moment of the
  /// greatest need. With 2 the buffers of 16 clients with images of 16 MB were given back and
  /// faulted in again every second.
  static constexpr std::int64_t kept_factor = 4;

  /// To be called every second. Takes some 20 us, and milliseconds if there is much to give back.
  void give_back();

 private:
  /// Resident, but in no block even when all free memory was given back: the program itself.
  std::int64_t overhead_bytes_ = std::numeric_limits<std::int64_t>::max();
  /// The least ever seen in blocks.
  std::int64_t least_bytes_ = std::numeric_limits<std::int64_t>::max();
  /// The most seen in blocks, less a quarter for each call since.
  std::int64_t recent_bytes_ = 0;
};

/// Gives surplus memory back every second, forever.
asio::awaitable<void> give_back_surplus_memory();

}  // namespace samoyed::io
