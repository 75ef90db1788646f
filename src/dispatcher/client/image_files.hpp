#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace samoyed::clientsocket {

/// Returns the files to recognize. Files are listed as given. Folders are searched, in the order of
/// names, for files with the extension of an accepted format (protocol::image_formats, in upper or
/// lower case). A folder that can't be searched is listed itself, so that reading it reports the
/// error.
std::vector<std::filesystem::path> list_image_files(
    const std::vector<std::filesystem::path>& given);

/// Returns the file's bytes, or an error message to print after the file's name.
std::variant<std::vector<std::byte>, std::string> read_image_file(
    const std::filesystem::path& path);

}  // namespace samoyed::clientsocket
