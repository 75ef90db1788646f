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
  const auto fail = [this](const std::string& why) {
    throw std::runtime_error(path_.string() + " " + why + "; choose another --state file");
  };
  std::error_code error;
  const auto status = std::filesystem::status(path_, error);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  if (error) fail("can't be read (" + error.message() + ")");
  if (!std::filesystem::is_regular_file(status)) fail("isn't a regular file");
  if (std::filesystem::file_size(path_, error) > file_bytes_max) {
    fail("is too large for a worker list");
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
  if (!file.eof()) fail("can't be read");
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
