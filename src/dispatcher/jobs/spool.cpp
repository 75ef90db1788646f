#include "dispatcher/jobs/spool.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "dispatcher/durable_file.hpp"

namespace samoyed::dispatcher {

namespace {

constexpr std::string_view incomplete_suffix = ".new";

/// Creates a folder that only its owner may enter. Returns false if it is there already.
bool create_private(const std::filesystem::path& folder) {
  if (!std::filesystem::create_directory(folder)) return false;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  sync_folder(folder.parent_path());
  return true;
}

}  // namespace

Spool::Spool(std::filesystem::path folder, OnJobStep on_step)
    : folder_(std::move(folder)), on_step_(std::move(on_step)) {
  create_private(folder_);
}

std::filesystem::path Spool::incomplete(const std::string& id) const {
  return folder_ / (id + std::string(incomplete_suffix));
}

void Spool::write(const std::string& id, std::string_view bytes) const {
  if (create_private(folder_)) {
    spdlog::error("{} was removed while it was in use: created it again", folder_.string());
  }
  {
    DurableFile file(incomplete(id), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    file.write_all(bytes);
    file.sync();
  }
  on_step_(JobStep::image_written);
}

void Spool::sync() const {
  sync_folder(folder_);
  on_step_(JobStep::folder_synced);
}

void Spool::complete(const std::string& id) const {
  std::error_code error;
  std::filesystem::rename(incomplete(id), folder_ / id, error);
  if (error == std::errc::no_such_file_or_directory) return;
  if (error) throw std::system_error(error, incomplete(id).string());
  on_step_(JobStep::image_renamed);
}

std::optional<std::string> Spool::read(const std::string& id) const {
  auto path = folder_ / id;
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOENT) {
    path = incomplete(id);
    file.open(path, std::ios::binary);
  }
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
  const bool removed = std::filesystem::remove(incomplete(id));
  if (std::filesystem::remove(folder_ / id) || removed) on_step_(JobStep::image_removed);
}

void Spool::remove_incomplete(const std::string& id) const {
  std::filesystem::remove(incomplete(id));
}

std::vector<std::string> Spool::find(bool incomplete) const {
  create_private(folder_);
  std::vector<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(incomplete_suffix) != incomplete) continue;
    if (incomplete) name.resize(name.size() - incomplete_suffix.size());
    ids.push_back(std::move(name));
  }
  return ids;
}

std::vector<std::string> Spool::ids() const { return find(false); }
std::vector<std::string> Spool::incomplete_ids() const { return find(true); }

void Spool::set_aside(const std::string& id) const {
  create_private(lost_folder());
  std::filesystem::rename(folder_ / id, lost_folder() / id);
}

bool Spool::bring_back(const std::string& id) const {
  std::error_code error;
  std::filesystem::rename(lost_folder() / id, folder_ / id, error);
  if (error == std::errc::no_such_file_or_directory) return false;
  if (error) throw std::system_error(error, (lost_folder() / id).string());
  sync_folder(folder_);
  return true;
}

}  // namespace samoyed::dispatcher
