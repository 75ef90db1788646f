#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace samoyed::clientsocket {

/// The argument that stands for an image on standard input.
inline constexpr std::string_view standard_input_name = "-";

/// A file or folder that isn't sent, and why.
struct LeftOut {
  std::filesystem::path path;
  std::string reason;

  bool operator==(const LeftOut&) const = default;
};

/// The images that a command line names.
struct ImageSearch {
  /// Files as given, and the image files of each folder in the order of their names.
  std::vector<std::filesystem::path> files;
  /// What the folders contain besides, in the order of names, for example with the reason
  /// `extension .txt`.
  std::vector<LeftOut> skipped;
  /// Folders that can't be searched, with the system's message.
  std::vector<LeftOut> unsearched;
};

/// Searches folders and the folders in them for files with the extension of an accepted format
/// (protocol::image_formats, in upper or lower case). A path that is no folder is a file, even if
/// it doesn't exist: reading it reports that.
ImageSearch find_image_files(const std::vector<std::filesystem::path>& given);

/// One line for each file that was skipped, or if there are many, for each reason: `Skipped
/// notes.txt (extension .txt)`, `Skipped 12 files (extension .txt)`.
std::vector<std::string> describe_skipped(const std::vector<LeftOut>& skipped);

/// A file's bytes, or an error message to print after its name.
using ReadImage = std::variant<std::vector<std::byte>, std::string>;

/// Reads a file.
ReadImage read_image_file(const std::filesystem::path& path);

/// Reads standard input to its end.
ReadImage read_standard_input();

}  // namespace samoyed::clientsocket
