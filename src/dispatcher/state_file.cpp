#include "dispatcher/state_file.hpp"

#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <string>

#include "dispatcher/durable_file.hpp"

namespace samoyed::dispatcher {
namespace {

/// A list of ten thousand workers is under 1 MiB.
constexpr std::uintmax_t file_bytes_max = std::uintmax_t{1} << 20;

}  // namespace

std::vector<protocol::Address> StateFile::load() {
  if (!std::filesystem::exists(path_)) return {};
  if (std::filesystem::file_size(path_) > file_bytes_max) {
    throw std::runtime_error(path_.string() +
                             " is too large for a worker list; choose another --state file");
  }
  std::ifstream file(path_);
  std::vector<protocol::Address> addresses;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto address = protocol::parse_address(line);
    if (!address) {
      throw std::runtime_error(path_.string() + ", line " + std::to_string(number) +
                               ": not a worker address; expected " +
                               std::string(protocol::address_syntax));
    }
    addresses.push_back(*address);
  }
  if (!file.eof())
    throw std::runtime_error("can't read " + path_.string() + "; choose another --state file");
  return addresses;
}

void StateFile::save(const std::vector<protocol::Address>& addresses) {
  std::string text = "# Workers, one HOST:PORT per line. Rewritten on every change.\n";
  for (const auto& address : addresses) text += to_string(address) + "\n";
  const std::filesystem::path temporary = path_.string() + ".new";
  {
    DurableFile file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    file.write_all(text);
    file.sync();
  }
  std::filesystem::rename(temporary, path_);
  // The rename is durable only once its folder is on disk.
  sync_folder(path_.parent_path());
}

}  // namespace samoyed::dispatcher
