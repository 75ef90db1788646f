#pragma once

namespace samoyed::worker {

/// Runs `step` once on every thread of the process, the calling one last, and returns true if all
/// of them ran it. The kernel confines single threads (Landlock, capabilities), and libraries have
/// started threads by then.
///
/// The other threads run `step` in a signal handler, so it may only use what signal-safety(7)
/// allows. Returns false if a thread blocks the signal, which is SIGRTMIN, or doesn't run within 10
/// seconds. Call it once at a time, and while no thread is being created.
bool run_on_all_threads(void (*step)());

}  // namespace samoyed::worker
