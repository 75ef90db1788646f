#include "dispatcher/client/image_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <unistd.h>

#include "samoyed/protocol/empty_file.hpp"
#include "samoyed/protocol/image_formats.hpp"

namespace samoyed::clientsocket {
namespace {

namespace fs = std::filesystem;

/// Far above any worker's limit. It only keeps a wrong argument from filling the memory.
constexpr std::uintmax_t file_bytes_max = std::uintmax_t{1} << 30;
constexpr const char* too_large_text = "is larger than 1 GiB";
constexpr std::size_t read_bytes = std::size_t{1} << 16;
/// Up to this many skipped files are named one by one.
constexpr std::size_t named_files_max = 10;

/// Returns why a file in a folder is no image to send, or nothing.
std::string reason_to_skip(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_type type = entry.status(error).type();
  if (type == fs::file_type::directory) return "link to a folder";
  if (type == fs::file_type::not_found) return "link to nothing";
  if (type != fs::file_type::regular) return "not a file";
  const std::string extension = entry.path().extension().string();
  if (extension.empty()) return "no extension";
  return protocol::is_image_extension(extension) ? "" : "extension " + extension;
}

/// Adds the content of a folder, and appends the folders in it to `folders`. Links to folders
/// aren't followed, because they could lead back.
void search_folder(const fs::path& folder, std::vector<fs::path>& folders, ImageSearch& found) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unknown;
    if (entry->is_directory(unknown) && !entry->is_symlink(unknown)) {
      folders.push_back(entry->path());
    } else if (std::string reason = reason_to_skip(*entry); !reason.empty()) {
      found.skipped.push_back({entry->path(), std::move(reason)});
    } else {
      found.files.push_back(entry->path());
    }
  }
  if (error) found.unsearched.push_back({folder, error.message()});
}

std::string system_message() { return "can't be read: " + std::generic_category().message(errno); }

}  // namespace

ImageSearch find_image_files(const std::vector<fs::path>& given) {
  ImageSearch found;
  for (const fs::path& path : given) {
    // An inaccessible path doesn't count as a folder; reading it will report the error.
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      found.files.push_back(path);
      continue;
    }
    const auto first_file = std::ssize(found.files);
    const auto first_skipped = std::ssize(found.skipped);
    std::vector<fs::path> folders{path};
    while (!folders.empty()) {
      const fs::path folder = std::move(folders.back());
      folders.pop_back();
      search_folder(folder, folders, found);
    }
    std::sort(found.files.begin() + first_file, found.files.end());
    std::ranges::sort(found.skipped.begin() + first_skipped, found.skipped.end(), {},
                      &LeftOut::path);
  }
  return found;
}

std::vector<std::string> describe_skipped(const std::vector<LeftOut>& skipped) {
  std::vector<std::string> lines;
  if (skipped.size() <= named_files_max) {
    for (const LeftOut& file : skipped) {
      lines.push_back("Skipped " + file.path.string() + " (" + file.reason + ")");
    }
    return lines;
  }
  std::map<std::string, std::size_t> counts;
  for (const LeftOut& file : skipped) ++counts[file.reason];
  for (const auto& [reason, count] : counts) {
    lines.push_back("Skipped " + std::to_string(count) + (count == 1 ? " file (" : " files (") +
                    reason + ")");
  }
  return lines;
}

ReadImage read_image_file(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return "can't be read: " + error.message();
  if (size > file_bytes_max) return std::string(too_large_text);
  std::vector<std::byte> bytes(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file) return system_message();
  if (bytes.empty()) return std::string(protocol::empty_file_text);
  return bytes;
}

ReadImage read_standard_input() {
  std::vector<std::byte> bytes;
  while (bytes.size() <= file_bytes_max) {
    const std::size_t before = bytes.size();
    bytes.resize(before + read_bytes);
    const ssize_t count = ::read(STDIN_FILENO, bytes.data() + before, read_bytes);
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_message();
    if (count > 0) continue;
    if (bytes.empty()) return std::string(protocol::empty_file_text);
    return bytes;
  }
  return std::string(too_large_text);
}

}  // namespace samoyed::clientsocket
