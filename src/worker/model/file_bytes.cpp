#include "worker/model/file_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace samoyed::worker {

std::vector<char> read_whole_file(const std::filesystem::path& path, std::size_t bytes_max,
                                  std::string_view what) {
  const auto fail = [&](const std::string& fault) {
    throw std::runtime_error(path.string() + ": " + fault + "; expected " + std::string(what));
  };
  std::error_code status_error;
  const auto status = std::filesystem::status(path, status_error);
  if (status.type() == std::filesystem::file_type::not_found) fail("no such file");
  if (status_error) fail(status_error.message());
  if (!std::filesystem::is_regular_file(status)) fail("not a regular file");

  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(std::generic_category().message(errno));
  std::vector<char> bytes;
  // One byte more than allowed, to detect a file that grows in the meantime.
  bytes.resize(std::min<std::uintmax_t>(std::filesystem::file_size(path), bytes_max) + 1);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) fail("can't be read");
  const auto length = static_cast<std::size_t>(file.gcount());
  if (length > bytes_max) {
    fail("larger than " + std::to_string(bytes_max >> 20U) + " MiB");
  }
  bytes.resize(length);
  return bytes;
}

}  // namespace samoyed::worker
