#pragma once

#include <malloc.h>

namespace samoyed::io {

/// From now on a block of this size or more goes back to the kernel as soon as it is freed, as glibc does
/// until the first such block was freed: it then keeps ever larger ones, and after a crowd of pictures
/// a server held ten times what it held before. A fresh block costs a page fault for every 4 KiB, so this is
/// for who has few of them a picture.
inline void give_back_large_blocks() {
  constexpr int bytes_min = 32 << 10;
  mallopt(M_MMAP_THRESHOLD, bytes_min);
}

/// Gives back what was freed so far. Takes milliseconds: after a start that needed much, or when there is
/// nothing to do.
inline void give_back_free_memory() { malloc_trim(/*pad=*/0); }

}  // namespace samoyed::io
