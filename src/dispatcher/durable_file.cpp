#include "dispatcher/durable_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace samoyed::dispatcher {
namespace {

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

DurableFile::DurableFile(const std::filesystem::path& path, int flags, mode_t mode)
    : path_(path), fd_(open(path.c_str(), flags, mode)) {
  if (fd_ < 0) throw_errno(path_.string());
}

DurableFile::~DurableFile() { close(fd_); }

void DurableFile::write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd_, text.data(), text.size());
    if (written < 0 && errno != EINTR) throw_errno(path_.string());
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void DurableFile::sync() {
  if (fsync(fd_) != 0) throw_errno(path_.string());
}

void sync_folder(const std::filesystem::path& folder) {
  DurableFile(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC).sync();
}

}  // namespace samoyed::dispatcher
