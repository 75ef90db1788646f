#include "samoyed/io/allocator.hpp"

#include <algorithm>
#include <chrono>
#include <malloc.h>

#include "samoyed/io/event.hpp"
#include "samoyed/io/process.hpp"

namespace samoyed::io {
namespace {

struct HeapUse {
  std::int64_t resident_bytes;
  std::int64_t block_bytes;  ///< In blocks that are in use.
};

HeapUse read_heap() {
  const auto blocks = mallinfo2();
  return {static_cast<std::int64_t>(read_memory().resident_bytes),
          static_cast<std::int64_t>(blocks.uordblks + blocks.hblkhd)};
}

}  // namespace

void keep_freed_blocks() {
  mallopt(M_MMAP_MAX, 0);
  constexpr int never = -1;
  mallopt(M_TRIM_THRESHOLD, never);
}

void give_back_free_memory() { malloc_trim(/*pad=*/0); }

void SurplusMemory::give_back() {
  const HeapUse use = read_heap();
  overhead_bytes_ = std::min(overhead_bytes_, use.resident_bytes - use.block_bytes);
  least_bytes_ = std::min(least_bytes_, use.block_bytes);
  recent_bytes_ = std::max(use.block_bytes, recent_bytes_ / 4 * 3);
  const std::int64_t needed_bytes = least_bytes_ + kept_factor * (recent_bytes_ - least_bytes_);
  if (use.resident_bytes <= overhead_bytes_ + needed_bytes + surplus_bytes_max) return;
  give_back_free_memory();
  const HeapUse after = read_heap();
  overhead_bytes_ = after.resident_bytes - after.block_bytes;
}

asio::awaitable<void> give_back_surplus_memory() {
  SurplusMemory surplus;
  while (true) {
    co_await sleep_for(std::chrono::seconds(1));
    surplus.give_back();
  }
}

}  // namespace samoyed::io
