#pragma once

#include <cstddef>
#include <filesystem>

namespace samoyed::worker {

/// Cores that this process may use at a time, at least 1: those that it may run on
/// (sched_getaffinity: taskset, cpusets), or fewer if a control group has a CPU quota (a
/// container's --cpus, systemd's CPUQuota). A quota is rounded down: with more threads all would be
/// throttled together when it is used up.
std::size_t usable_cores();

/// The quota alone, in cores, from the files of the kernel below `root` (`/`): the least of the
/// process's group and those around it, of cgroup v2 (cpu.max) or v1 (cpu.cfs_quota_us). 0 if
/// there is none, or it can't be read.
double quota_cores(const std::filesystem::path& root);

}  // namespace samoyed::worker
