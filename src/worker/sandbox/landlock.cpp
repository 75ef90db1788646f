#include "worker/sandbox/landlock.hpp"

#include <algorithm>
#include <cstdint>
#include <fcntl.h>
#include <iterator>
#include <sys/syscall.h>
#include <unistd.h>

namespace samoyed::worker {
namespace {

// From the kernel's linux/landlock.h. Debian 12's copy of it ends before version 4.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};
struct [[gnu::packed]] PathBeneathAttributes {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};
constexpr std::uint32_t create_ruleset_version = 1;
constexpr std::uint32_t rule_path_beneath = 1;
constexpr std::uint64_t fs_read_file = 1U << 2;
constexpr std::uint64_t net_bind_and_connect_tcp = 0b11;
constexpr std::uint64_t scope_abstract_sockets_and_signals = 0b11;
constexpr int net_since = 4;
constexpr int scoped_since = 6;

/// The number of file rights that each version knows, from version 1 on: 13; then also moving files
/// to other folders (2), truncating (3), no new one (4), and ioctl on devices (5).
constexpr int file_rights[] = {13, 14, 15, 15, 16};

std::uint64_t all_file_rights(int version) {
  const int known = std::min(version, static_cast<int>(std::size(file_rights)));
  return (std::uint64_t{1} << file_rights[known - 1]) - 1;
}

}  // namespace

int landlock_version() {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, create_ruleset_version);
  return version < 0 ? 0 : static_cast<int>(version);
}

int make_landlock_ruleset(int version, const LandlockScope& scope) {
  if (version < 1) return -1;
  const RulesetAttributes attributes{
      .handled_access_fs = all_file_rights(version),
      .handled_access_net = scope.tcp && version >= net_since ? net_bind_and_connect_tcp : 0,
      .scoped = scope.signals && version >= scoped_since ? scope_abstract_sockets_and_signals : 0};
  // A kernel takes a longer structure than it knows if the rest is zero.
  return static_cast<int>(
      syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, std::uint32_t{0}));
}

bool allow_reading(int ruleset, const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY);
  if (descriptor < 0) return false;
  const PathBeneathAttributes attributes{.allowed_access = fs_read_file, .parent_fd = descriptor};
  const bool added = syscall(SYS_landlock_add_rule, ruleset, rule_path_beneath, &attributes,
                             std::uint32_t{0}) == 0;
  close(descriptor);
  return added;
}

bool apply_landlock_ruleset(int ruleset) noexcept {
  return syscall(SYS_landlock_restrict_self, ruleset, std::uint32_t{0}) == 0;
}

}  // namespace samoyed::worker
