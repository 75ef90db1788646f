#pragma once

#include <sys/resource.h>

namespace samoyed::io {

/// Lets the process open as many files, connections included, as its user may: the usual soft limit
/// of 1024 is for programs that use select().
inline void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace samoyed::io
