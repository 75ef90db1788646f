#pragma once

#include <cstdint>
#include <limits>

#include <asio/awaitable.hpp>

namespace samoyed::io {

/// Keeps freed blocks of any size in the heap for reuse. A block that goes back to the kernel
/// between two images costs a page fault for every 4 KiB when it is needed again: without this call
/// the dispatcher uses 1.7 to 3.3 ms of CPU per megabyte for images of 4 MB and more, with it 0.9
/// to 1.3 ms (`scripts/bench --only buffers`). SurplusMemory returns the memory that is left over
/// after a burst of images.
void keep_freed_blocks();

/// Returns all free memory to the kernel. Takes milliseconds, so call it after a startup that
/// needed much memory, or when the process is idle.
void give_back_free_memory();

/// Returns freed memory to the kernel once there is more of it than the next images will need,
/// estimated from recent use. A busy process therefore keeps its memory, and a few seconds after a
/// burst of images it is about as small as before. After 64 clients with images of 4 MB a
/// dispatcher holds 606 MB, and 8 MB after the memory has been returned.
///
/// Not thread-safe: use from one thread.
class SurplusMemory {
 public:
  /// Surplus up to this size isn't worth returning.
  static constexpr std::int64_t surplus_bytes_max = std::int64_t{16} << 20;
  /// A process may keep its smallest use plus this multiple of its recent use above that, because
  /// samples taken once per second seldom hit the peak. With a factor of 2, the buffers of 16
  /// clients with images of 16 MB were returned and faulted in again every second.
  static constexpr std::int64_t kept_factor = 4;

  /// Call this every second. Takes about 20 us, or milliseconds if there is much memory to return.
  void give_back();

 private:
  /// Resident memory outside the heap's used blocks (code, stacks and so on): the smallest value
  /// measured since the last trim.
  std::int64_t overhead_bytes_ = std::numeric_limits<std::int64_t>::max();
  /// The smallest number of bytes ever seen in blocks.
  std::int64_t least_bytes_ = std::numeric_limits<std::int64_t>::max();
  /// The largest number of bytes seen in blocks, reduced by a quarter with each later call.
  std::int64_t recent_bytes_ = 0;
};

/// Returns surplus memory to the kernel every second, forever.
asio::awaitable<void> give_back_surplus_memory();

}  // namespace samoyed::io
