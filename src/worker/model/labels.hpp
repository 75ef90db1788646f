#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// What is wrong with a label, and what to do; empty if a result may contain it.
std::string_view find_label_fault(std::string_view label);

/// The names of a network's classes, one a line, in class order; the last line break may be
/// missing.
///
/// `source` names the text in errors. Throws std::runtime_error with one line that names the
/// source, the line and what to do: no label at all, an empty line, invalid UTF-8, a control
/// character, or what a result message could not carry (PROTOCOL.md): `,`, `:`, a space, `-` and
/// four digits, or `error` as a whole label.
std::vector<std::string> parse_labels(std::string_view text, std::string_view source);

/// The same from a file of at most 4 MiB. Throws std::runtime_error also where it can't be read.
std::vector<std::string> load_labels(const std::filesystem::path& path);

}  // namespace samoyed::worker
