#pragma once

#include <filesystem>
#include <string_view>
#include <sys/types.h>

namespace samoyed::dispatcher {

/// Owns a file descriptor and closes it when it is destroyed. All members throw std::system_error.
class DurableFile {
 public:
  /// `flags` and `mode` as open(2) takes them.
  DurableFile(const std::filesystem::path& path, int flags, mode_t mode = 0644);
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  int descriptor() const { return fd_; }
  void write_all(std::string_view text);
  /// Blocks until the bytes are on disk.
  void sync();

 private:
  std::filesystem::path path_;
  int fd_;
};

/// Blocks until the names in a folder are on disk. "" is the working folder.
void sync_folder(const std::filesystem::path& folder);

}  // namespace samoyed::dispatcher
