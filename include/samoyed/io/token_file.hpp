#pragma once

#include <filesystem>
#include <string>

namespace samoyed::io {

/// Returns the first line of a file, without surrounding blanks. Throws std::runtime_error, with
/// one sentence that says what to do, if the line can't be a token or if other users of the machine
/// can read the file.
std::string read_token_file(const std::filesystem::path& path);

}  // namespace samoyed::io
