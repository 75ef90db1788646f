#include "dispatcher/storage/data_folder.hpp"

#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <spdlog/spdlog.h>

#include "dispatcher/durable_file.hpp"
#include "samoyed/io/random.hpp"

namespace samoyed::dispatcher {
namespace {

using std::filesystem::perms;

void create_key(const std::filesystem::path& file) {
  const std::filesystem::path temporary = file.string() + ".new";
  {
    DurableFile key(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    key.write_all(io::random_hex(io::secret_bytes) + "\n");
    key.sync();
  }
  std::filesystem::rename(temporary, file);
  sync_folder(file.parent_path());
}

/// Creates the folder and those above it. They survive a power cut.
void create_folders(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  create_folders(folder.parent_path());
  std::filesystem::create_directory(folder);
  sync_folder(folder.parent_path());
}

}  // namespace

void prepare_data_folder(const std::filesystem::path& folder) {
  try {
    if (!std::filesystem::is_directory(folder)) {
      create_folders(folder);
      std::filesystem::permissions(folder, perms::owner_all);
    }
    const perms permissions = std::filesystem::status(folder).permissions();
    if ((permissions & (perms::group_all | perms::others_all)) == perms::none) return;
    std::filesystem::permissions(folder, perms::owner_all);
    spdlog::warn("{} was open to other users of this machine; closed it (mode 0700)",
                 folder.string());
  } catch (const std::system_error& error) {
    throw std::runtime_error("can't create " + folder.string() + " or close it to other users (" +
                             error.code().message() + "): choose another --data-dir");
  }
}

std::string load_visitor_key(const std::filesystem::path& folder) {
  const auto file = folder / "visitor-key";
  if (!std::filesystem::exists(file)) create_key(file);
  std::ifstream stream(file);
  std::string key;
  std::getline(stream, key);
  if (key.size() < 2 * io::secret_bytes) {
    throw std::runtime_error(file.string() +
                             " holds no key: restore it, or delete it to get a new one, with which "
                             "visitors lose sight of their results");
  }
  return key;
}

}  // namespace samoyed::dispatcher
