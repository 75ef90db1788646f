#include "dispatcher/storage/reserve_file.hpp"

#include <fcntl.h>
#include <system_error>

#include "dispatcher/durable_file.hpp"

namespace samoyed::dispatcher {

bool ReserveFile::keep() {
  const std::lock_guard lock(mutex_);
  std::error_code missing;
  if (std::filesystem::file_size(file_, missing) == bytes_ && !missing) return true;
  try {
    const DurableFile file(file_, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (posix_fallocate(file.descriptor(), 0, static_cast<off_t>(bytes_)) == 0) return true;
  } catch (const std::system_error&) {
    return false;
  }
  std::error_code ignored;  // There is no room for it in any case.
  std::filesystem::remove(file_, ignored);
  return false;
}

void ReserveFile::release() {
  const std::lock_guard lock(mutex_);
  std::error_code ignored;  // Then its space stays taken, and writing fails again.
  std::filesystem::remove(file_, ignored);
}

}  // namespace samoyed::dispatcher
