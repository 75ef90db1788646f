#include "worker/sandbox/address_space.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "worker/sandbox/descriptor.hpp"

namespace samoyed::worker {

std::optional<std::uint64_t> address_space_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

std::uint64_t address_space_used() {
  std::array<char, 64> text{};
  const Descriptor statm(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (read(statm.get(), text.data(), text.size() - 1) <= 0) return 0;
  return std::strtoull(text.data(), nullptr, 10) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string address_space_text(std::uint64_t limit_bytes) {
  return "the limit of address space (RLIMIT_AS) of " + std::to_string(limit_bytes >> 20) +
         " MiB is too low; remove it (ulimit -v unlimited, or LimitAS=infinity in the service), "
         "and limit the memory in use instead (MemoryMax=)";
}

}  // namespace samoyed::worker
