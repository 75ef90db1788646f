#include "samoyed/io/process.hpp"

#include <array>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <mutex>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace samoyed::io {
namespace {

// Each is opened once and kept until the process ends, because a sandboxed process can't open
// files.

int memory_file() {
  static const int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  return descriptor;
}

DIR* descriptor_folder() {
  static DIR* const folder = opendir("/proc/self/fd");
  return folder;
}

std::uint64_t count_descriptors() {
  static std::mutex mutex;  // The folder has one position for all threads.
  const std::lock_guard lock(mutex);
  DIR* const folder = descriptor_folder();
  if (folder == nullptr) return 0;
  rewinddir(folder);
  std::uint64_t count = 0;
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

}  // namespace

void open_process_files() {
  memory_file();
  descriptor_folder();
}

MemoryUse read_memory() {
  std::array<char, 128> text;  // Seven numbers; the first two count pages.
  const ssize_t size = pread(memory_file(), text.data(), text.size(), 0);
  std::uint64_t virtual_pages = 0;
  std::uint64_t resident_pages = 0;
  if (size > 0) {
    const char* const end = text.data() + size;
    const auto first = std::from_chars(text.data(), end, virtual_pages);
    if (first.ptr != end) std::from_chars(first.ptr + 1, end, resident_pages);
  }
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {virtual_pages * page_bytes, resident_pages * page_bytes};
}

ProcessUse read_process() {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  ProcessUse process;
  const MemoryUse memory = read_memory();
  process.virtual_bytes = memory.virtual_bytes;
  process.resident_bytes = memory.resident_bytes;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    process.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) process.descriptors_max = limit.rlim_cur;
  process.open_descriptors = count_descriptors();
  return process;
}

void open_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open takes the lowest free number, which is this one.
    if (fcntl(descriptor, F_GETFD) == -1) (void)open("/dev/null", O_RDWR);
  }
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace samoyed::io
