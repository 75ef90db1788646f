#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace samoyed::clientsocket {

/// The files to recognize: files as they are given, and the image files in folders, in the order of
/// their names. An image file is known by its extension (protocol::image_formats, in upper or lower
/// case). A folder that can't be walked is listed itself, so that reading it reports the error.
std::vector<std::filesystem::path> list_image_files(
    const std::vector<std::filesystem::path>& given);

/// A file's bytes, or why they can't be had, as words for a person.
std::variant<std::vector<std::byte>, std::string> read_image_file(
    const std::filesystem::path& path);

}  // namespace samoyed::clientsocket
