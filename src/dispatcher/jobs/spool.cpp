#include "dispatcher/jobs/spool.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <utility>

#include "dispatcher/durable_file.hpp"

namespace samoyed::dispatcher {

namespace {

constexpr std::string_view incomplete_suffix = ".new";

bool is_incomplete(const std::filesystem::directory_entry& entry) {
  return entry.path().filename().string().ends_with(incomplete_suffix);
}

}  // namespace

Spool::Spool(std::filesystem::path folder, OnJobStep on_step)
    : folder_(std::move(folder)), on_step_(std::move(on_step)) {
  if (std::filesystem::create_directory(folder_)) {
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    sync_folder(folder_.parent_path());
  }
}

void Spool::write(const std::string& id, std::string_view bytes) const {
  const auto temporary = folder_ / (id + std::string(incomplete_suffix));
  {
    DurableFile file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    file.write_all(bytes);
    file.sync();
  }
  on_step_(JobStep::image_written);
  std::filesystem::rename(temporary, folder_ / id);
  on_step_(JobStep::image_renamed);
}

void Spool::sync() const {
  sync_folder(folder_);
  on_step_(JobStep::folder_synced);
}

std::optional<std::string> Spool::read(const std::string& id) const {
  const auto path = folder_ / id;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    throw std::system_error(errno, std::generic_category(), path.string());
  }
  std::string bytes(static_cast<std::size_t>(std::filesystem::file_size(path)), '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw std::system_error(EIO, std::generic_category(), path.string());
  }
  return bytes;
}

void Spool::remove(const std::string& id) const {
  std::filesystem::remove(folder_ / (id + std::string(incomplete_suffix)));
  if (std::filesystem::remove(folder_ / id)) on_step_(JobStep::image_removed);
}

void Spool::remove_incomplete() const {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (is_incomplete(entry)) std::filesystem::remove(entry.path());
  }
}

std::vector<std::string> Spool::ids() const {
  std::vector<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (!is_incomplete(entry)) ids.push_back(entry.path().filename().string());
  }
  return ids;
}

}  // namespace samoyed::dispatcher
