#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// Returns what is wrong with a label and what to do; empty if the label may appear in a result.
std::string_view find_label_fault(std::string_view label);

/// Parses the names of a network's classes, one per line, in class order. The last line break is
/// optional.
///
/// `source` names the text in error messages. Throws std::runtime_error with one line that names
/// the source and the line, and says what to do, if there is no label, or if a line is empty, is
/// not valid UTF-8, or contains a control character or something that a result message can't carry
/// (PROTOCOL.md): `,`, `:`, or a space, `-` and four digits. A label `error` is also refused.
std::vector<std::string> parse_labels(std::string_view text, std::string_view source);

/// Does the same for a file of at most 4 MiB. Also throws std::runtime_error if the file can't be
/// read.
std::vector<std::string> load_labels(const std::filesystem::path& path);

}  // namespace samoyed::worker
