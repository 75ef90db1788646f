#pragma once

#include <cstdint>

namespace samoyed::io {

/// The resources that this process uses, and its descriptor limit.
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

/// Opens the files that the functions below read, and keeps them open. Call it before the process
/// uses up its descriptors or enters a sandbox. Otherwise the first call of each function opens
/// what it needs.
void open_process_files();

/// Reads /proc/self/statm (see proc(5)). Returns zeros if it can't be read. Thread rule: any
/// thread.
MemoryUse read_memory();

/// Reads /proc and asks the kernel. Anything that can't be read is 0. Thread rule: any thread.
ProcessUse read_process();

/// Opens /dev/null as standard input, output and error if they are closed. Otherwise the first
/// files and sockets would take their numbers, and receive what is meant for them. Call it before
/// anything else is opened.
void open_standard_descriptors();

/// Raises the limit on open files, which includes connections, to the hard limit. The usual soft
/// limit of 1024 only protects programs that use select().
void raise_descriptor_limit();

}  // namespace samoyed::io
