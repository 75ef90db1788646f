#include "dispatcher/state_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>

namespace samoyed::dispatcher {
namespace {

/// A list of ten thousand workers is under 1 MiB.
constexpr std::uintmax_t file_bytes_max = std::uintmax_t{1} << 20;

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// A file descriptor that is closed when its scope ends.
class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : path_(path), fd_(open(path.c_str(), flags, 0644)) {
    if (fd_ < 0) throw_errno(path_.string());
  }
  ~File() { close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void write_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(fd_, text.data(), text.size());
      if (written < 0 && errno != EINTR) throw_errno(path_.string());
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void sync() {
    if (fsync(fd_) != 0) throw_errno(path_.string());
  }

 private:
  std::filesystem::path path_;
  int fd_;
};

}  // namespace

std::vector<protocol::Address> StateFile::load() {
  if (!std::filesystem::exists(path_)) return {};
  if (std::filesystem::file_size(path_) > file_bytes_max) {
    throw std::runtime_error(path_.string() +
                             " is too large for a worker list: name another --state");
  }
  std::ifstream file(path_);
  std::vector<protocol::Address> addresses;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto address = protocol::parse_address(line);
    if (!address) {
      throw std::runtime_error(path_.string() + ", line " + std::to_string(number) +
                               ": no worker address; expected " +
                               std::string(protocol::address_syntax));
    }
    addresses.push_back(*address);
  }
  if (!file.eof())
    throw std::runtime_error("can't read " + path_.string() + ": name another --state");
  return addresses;
}

void StateFile::save(const std::vector<protocol::Address>& addresses) {
  std::string text = "# Known workers, one HOST:PORT a line. Rewritten at every change.\n";
  for (const auto& address : addresses) text += to_string(address) + "\n";
  const std::filesystem::path temporary = path_.string() + ".new";
  {
    File file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    file.write_all(text);
    file.sync();
  }
  std::filesystem::rename(temporary, path_);
  // The rename itself lasts only once its folder is on the disk.
  const std::filesystem::path folder = path_.parent_path();
  File(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC).sync();
}

}  // namespace samoyed::dispatcher
