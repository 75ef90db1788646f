#include "worker/serving/usable_cores.hpp"

#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

using namespace samoyed::worker;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

double quota_with(const Files& files) {
  const samoyed::test::TemporaryFolder root;
  for (const auto& [name, text] : files) {
    const std::filesystem::path path = root.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  return quota_cores(root.path());
}

}  // namespace

TEST_CASE("the quota is the smallest of the process's control group and its ancestors") {
  const std::string self = "proc/self/cgroup";
  const std::string group = "sys/fs/cgroup/";
  const struct {
    const char* what;
    Files files;
    double cores;
  } cases[] = {
      {"nothing is known", {}, 0},
      {"no quota", {{self, "0::/a\n"}, {group + "a/cpu.max", "max 100000\n"}}, 0},
      {"its own quota", {{self, "0::/a/b\n"}, {group + "a/b/cpu.max", "150000 100000\n"}}, 1.5},
      {"the parent group's quota",
       {{self, "0::/a/b\n"},
        {group + "a/b/cpu.max", "300000 100000\n"},
        {group + "a/cpu.max", "200000 100000\n"}},
       2},
      {"its own quota, smaller than the parent group's",
       {{self, "0::/a/b\n"},
        {group + "a/b/cpu.max", "100000 100000\n"},
        {group + "a/cpu.max", "200000 100000\n"}},
       1},
      {"a container's own root, whatever its path is outside",
       {{self, "0::/../x\n"}, {group + "cpu.max", "50000 100000\n"}},
       0.5},
      {"version 1",
       {{self, "3:cpuset:/z\n2:cpu,cpuacct:/a\n"},
        {group + "cpu/a/cpu.cfs_quota_us", "250000\n"},
        {group + "cpu/a/cpu.cfs_period_us", "100000\n"}},
       2.5},
      {"version 1, with a quota of the group of another controller's name",
       {{self, "3:cpuset:/z\n2:cpu,cpuacct:/a\n"},
        {group + "cpu/z/cpu.cfs_quota_us", "50000\n"},
        {group + "cpu/z/cpu.cfs_period_us", "100000\n"},
        {group + "cpu/a/cpu.cfs_quota_us", "250000\n"},
        {group + "cpu/a/cpu.cfs_period_us", "100000\n"}},
       2.5},
      {"version 1 without a quota",
       {{self, "2:cpu:/a\n"},
        {group + "cpu/a/cpu.cfs_quota_us", "-1\n"},
        {group + "cpu/a/cpu.cfs_period_us", "100000\n"}},
       0},
      {"damaged", {{self, "nonsense\n0::/a\n"}, {group + "a/cpu.max", "nonsense\n"}}, 0},
  };
  for (const auto& [what, files, cores] : cases) {
    CAPTURE(what);
    CHECK(quota_with(files) == cores);
  }
}

TEST_CASE("cores that the process may not use don't count") {
  cpu_set_t allowed;
  REQUIRE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  CHECK(usable_cores() <= static_cast<std::size_t>(CPU_COUNT(&allowed)));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(usable_cores() == 1);
  REQUIRE(sched_setaffinity(0, sizeof allowed, &allowed) == 0);
}
