#pragma once

#include <cstddef>
#include <filesystem>

namespace samoyed::worker {

/// Returns the number of cores that this process may use at the same time, at least 1. These are
/// the cores that it may run on (sched_getaffinity: taskset, cpusets), or fewer if a control group
/// has a CPU quota (a container's --cpus, systemd's CPUQuota). A quota is rounded down, because
/// with more threads all of them would be throttled together once the quota is used up.
std::size_t usable_cores();

/// Returns the CPU quota alone, in cores, read from the kernel's files below `root` (`/`): the
/// smallest quota of the process's group and its ancestors, in cgroup v2 (cpu.max) or v1
/// (cpu.cfs_quota_us). Returns 0 if there is no quota or it can't be read.
double quota_cores(const std::filesystem::path& root);

}  // namespace samoyed::worker
