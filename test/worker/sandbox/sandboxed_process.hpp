#pragma once

#include <cstdlib>
#include <exception>
#include <sys/wait.h>
#include <unistd.h>

namespace samoyed::test {

/// How a process ended: its exit status, or minus the signal that ended it.
inline int status_of(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Runs `body`, which returns an exit status, in a process of its own, because a sandbox can't be
/// left again. Returns how that process ended; 99 if `body` threw.
template <typename Body>
int run_in_process(Body body) {
  const pid_t process = fork();
  if (process == 0) {
    int status = 99;
    try {
      status = body();
    } catch (const std::exception&) {
    }
    _exit(status);
  }
  return status_of(process);
}

}  // namespace samoyed::test
