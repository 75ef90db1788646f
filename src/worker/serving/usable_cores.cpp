#include "worker/serving/usable_cores.hpp"

#include <algorithm>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>

namespace samoyed::worker {
namespace {

namespace fs = std::filesystem;

/// Returns the quota in cores, or 0 for a quota of 0 or less, which means no quota. `quota` and
/// `period` are in microseconds.
double cores_of(double quota, double period) {
  return quota > 0 && period > 0 ? quota / period : 0;
}

/// Reads cgroup v2's `cpu.max`: `max 100000`, or a quota in place of `max`.
double read_v2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  double quota = 0;
  double period = 0;
  file >> quota >> period;  // `max` isn't a number and leaves 0.
  return cores_of(quota, period);
}

double read_v1(const fs::path& group) {
  double quota = 0;
  double period = 0;
  std::ifstream(group / "cpu.cfs_quota_us") >> quota;
  std::ifstream(group / "cpu.cfs_period_us") >> period;
  return cores_of(quota, period);
}

/// Returns the smallest quota of a group and its ancestors, up to the hierarchy's root.
double least_quota(const fs::path& hierarchy, const std::string& group,
                   double (*read)(const fs::path&)) {
  double least = 0;
  // A container may see its own group as the root although its path contains more directories.
  for (fs::path path = group;; path = path.parent_path()) {
    const double quota = read(hierarchy / path.relative_path());
    if (quota > 0) least = least > 0 ? std::min(least, quota) : quota;
    if (!path.has_relative_path()) return least;
  }
}

std::size_t allowed_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
    return static_cast<std::size_t>(CPU_COUNT(&cores));
  }
  return std::thread::hardware_concurrency();  // There are more cores than a cpu_set_t can hold.
}

}  // namespace

double quota_cores(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  // `0::/PATH` for v2, `N:cpu,cpuacct:/PATH` for v1 (man 7 cgroups).
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    const double quota = controllers == ",," ? least_quota(mounts, group, read_v2)
                         : controllers.find(",cpu,") != controllers.npos
                             ? least_quota(mounts / "cpu", group, read_v1)
                             : 0;
    if (quota > 0) return quota;
  }
  return 0;
}

std::size_t usable_cores() {
  const std::size_t allowed = std::max<std::size_t>(1, allowed_cores());
  const double quota = quota_cores("/");
  if (quota <= 0) return allowed;
  return std::clamp<std::size_t>(static_cast<std::size_t>(quota), 1, allowed);
}

}  // namespace samoyed::worker
