#pragma once

#include <filesystem>
#include <string_view>
#include <sys/types.h>

namespace samoyed::dispatcher {

/// Owns a file descriptor and closes it on destruction. All members throw std::system_error.
class DurableFile {
 public:
  /// `flags` and `mode` are passed to open(2).
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

/// Blocks until the file names in a folder are on disk. "" means the working folder.
void sync_folder(const std::filesystem::path& folder);

}  // namespace samoyed::dispatcher
