#include "dispatcher/client/image_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <system_error>

#include "samoyed/protocol/image_formats.hpp"

namespace samoyed::clientsocket {
namespace {

namespace fs = std::filesystem;

/// Far above any worker's limit. It only keeps a wrong argument from filling the memory.
constexpr std::uintmax_t file_bytes_max = std::uintmax_t{1} << 30;

/// Appends the folder's image files to `files`. Returns false if it can't search the folder
/// completely.
bool walk(const fs::path& folder, std::vector<fs::path>& files) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unknown_kind;  // For example a dangling link, which isn't a file.
    if (entry->is_regular_file(unknown_kind) &&
        protocol::is_image_extension(entry->path().extension().string())) {
      files.push_back(entry->path());
    }
  }
  return !error;
}

}  // namespace

std::vector<fs::path> list_image_files(const std::vector<fs::path>& given) {
  std::vector<fs::path> files;
  for (const fs::path& path : given) {
    // An inaccessible path doesn't count as a folder; reading it will report the error.
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    const bool walked = walk(path, files);
    std::sort(files.begin() + first, files.end());
    if (!walked) files.push_back(path);
  }
  return files;
}

std::variant<std::vector<std::byte>, std::string> read_image_file(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return "can't be read: " + error.message();
  if (size > file_bytes_max) return std::string("is larger than 1 GiB");
  std::vector<std::byte> bytes(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file) return "can't be read: " + std::generic_category().message(errno);
  return bytes;
}

}  // namespace samoyed::clientsocket
