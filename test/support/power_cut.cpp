#include "support/power_cut.hpp"

#include <fcntl.h>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "support/temporary_folder.hpp"

namespace samoyed::test {
namespace {

namespace fs = std::filesystem;

/// Device and number.
using Inode = std::pair<dev_t, ino_t>;

struct Name {
  Inode inode;
  bool is_folder = false;
};

/// What was synced of a file or folder.
struct Synced {
  /// Open until the end, so that no new file gets the inode of one that was deleted.
  int descriptor = -1;
  std::string content;
  std::map<std::string, Name> names;  ///< Of a folder.
};

// Guarded by `mutex`:
std::mutex mutex;
bool noting = false;
std::map<Inode, Synced> disk;

Inode inode_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

std::string content_of(int descriptor) {
  std::string content;
  char piece[65536];
  for (ssize_t size = 0;
       (size = pread(descriptor, piece, sizeof piece, static_cast<off_t>(content.size()))) > 0;) {
    content.append(piece, static_cast<std::size_t>(size));
  }
  return content;
}

std::map<std::string, Name> names_in(const std::string& folder) {
  std::map<std::string, Name> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    struct stat status {};
    // Another thread may delete it right now.
    if (lstat(entry.path().c_str(), &status) != 0) continue;
    names[entry.path().filename()] = {inode_of(status), S_ISDIR(status.st_mode)};
  }
  return names;
}

/// Notes the state of a file or folder that a sync is about to write to disk.
void note(int descriptor) {
  const std::lock_guard lock(mutex);
  struct stat status {};
  if (!noting || fstat(descriptor, &status) != 0) return;
  // The descriptor may be open for writing only.
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  Synced& synced = disk[inode_of(status)];
  if (synced.descriptor < 0) synced.descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (S_ISDIR(status.st_mode)) {
    synced.names = names_in(path);
  } else {
    synced.content = content_of(synced.descriptor);
  }
}

void leave_names(const Inode& folder, const fs::path& remains) {
  const auto synced = disk.find(folder);
  if (synced == disk.end()) return;
  for (const auto& [name, named] : synced->second.names) {
    if (named.is_folder) {
      fs::create_directory(remains / name);
      leave_names(named.inode, remains / name);
    } else {
      const auto file = disk.find(named.inode);
      write_file(remains / name, file == disk.end() ? "" : file->second.content);
    }
  }
}

}  // namespace

PowerCut::PowerCut(const fs::path& folder) : folder_(folder) {
  const std::lock_guard lock(mutex);
  if (noting) throw std::logic_error("there is a PowerCut already");
  noting = true;
}

PowerCut::~PowerCut() {
  const std::lock_guard lock(mutex);
  noting = false;
  for (const auto& [inode, synced] : disk) close(synced.descriptor);
  disk.clear();
}

void PowerCut::leave(const fs::path& remains) const {
  const std::lock_guard lock(mutex);
  struct stat status {};
  if (stat(folder_.c_str(), &status) != 0) throw std::logic_error("the folder is gone");
  leave_names(inode_of(status), remains);
}

}  // namespace samoyed::test

// The program's own definitions come before those of the C library, for SQLite's library too.

extern "C" __attribute__((visibility("default"))) int fsync(int descriptor) {
  samoyed::test::note(descriptor);
  return static_cast<int>(syscall(SYS_fsync, descriptor));
}

extern "C" __attribute__((visibility("default"))) int fdatasync(int descriptor) {
  samoyed::test::note(descriptor);
  return static_cast<int>(syscall(SYS_fdatasync, descriptor));
}
