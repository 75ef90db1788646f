#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// Reads a whole regular file of at most `bytes_max` bytes. Meant for files that are read once, at
/// startup.
///
/// `what` names the expected content in error messages, with its article: "a model file". Throws
/// std::runtime_error with one line that names the file if it is missing, not a regular file, too
/// large or unreadable.
std::vector<char> read_whole_file(const std::filesystem::path& path, std::size_t bytes_max,
                                  std::string_view what);

}  // namespace samoyed::worker
