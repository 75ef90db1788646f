#pragma once

#include <cstdint>

namespace samoyed::io {

/// What this process uses, and may use.
struct ProcessUse {
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  double cpu_seconds = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t descriptors_max = 0;
};

struct MemoryUse {
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
};

/// From /proc/self/statm (proc(5)); 0 if it can't be read.
MemoryUse read_memory();

/// From /proc and the kernel; 0 for anything that can't be read there.
ProcessUse read_process();

/// Lets the process open as many files, connections included, as its user may: the usual soft limit
/// of 1024 is for programs that use select().
void raise_descriptor_limit();

}  // namespace samoyed::io
