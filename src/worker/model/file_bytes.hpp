#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// All bytes of a regular file of at most `bytes_max`, for files that are read once at start-up.
///
/// `what` says in errors what was expected, with its article: "a model file". Throws
/// std::runtime_error with one line that names the file where it is missing, a folder, too large or
/// unreadable.
std::vector<char> read_whole_file(const std::filesystem::path& path, std::size_t bytes_max,
                                  std::string_view what);

}  // namespace samoyed::worker
