#pragma once

#include <filesystem>

namespace samoyed::worker {

/// Version of the kernel's Landlock interface (landlock(7)): 1 covers files, 4 covers TCP. 0 if the
/// kernel has no Landlock, or if a filter of system calls forbids asking.
int landlock_version();

/// What a ruleset denies, apart from everything in the file system.
struct LandlockScope {
  bool tcp = true;      ///< bind and connect, from version 4 on.
  bool signals = true;  ///< Signals to other processes, and abstract sockets, from version 6 on.
};

/// Returns a file descriptor of a ruleset without exceptions. It denies opening, changing and
/// executing files, and what `scope` names, if the kernel's `version` supports it. Open files and
/// sockets stay usable. Returns -1 on failure. The caller closes the descriptor.
int make_landlock_ruleset(int version, const LandlockScope& scope = {});

/// Lets the ruleset allow reading the files in a folder and below it. Returns false if there is no
/// such folder, or if the kernel refuses it.
bool allow_reading(int ruleset, const std::filesystem::path& folder);

/// Applies the ruleset permanently to the calling thread, and to all threads and processes that it
/// starts. Needs no_new_privs. Async-signal-safe.
bool apply_landlock_ruleset(int ruleset) noexcept;

}  // namespace samoyed::worker
