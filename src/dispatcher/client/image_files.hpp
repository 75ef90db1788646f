#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace samoyed::clientsocket {

/// The files to recognise: files as they are given, folders walked through, in the order of their
/// names, for files that end as an accepted format does (.jpg .jpeg .png .bmp .webp, in any case).
/// A folder that can't be walked is listed itself, so that reading it reports the error.
std::vector<std::filesystem::path> list_image_files(
    const std::vector<std::filesystem::path>& given);

/// A file's bytes, or why they can't be had, as words for a person.
std::variant<std::vector<std::byte>, std::string> read_image_file(
    const std::filesystem::path& path);

}  // namespace samoyed::clientsocket
