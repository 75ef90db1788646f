#pragma once

#include <filesystem>
#include <string>

namespace samoyed::dispatcher {

/// Creates the folder if it is missing. If other users of the machine may enter or list it, closes
/// it and logs a warning. Throws std::runtime_error, with one line that says what to do.
void prepare_data_folder(const std::filesystem::path& folder);

/// Returns the key in the folder's file `visitor-key`, which signs visitors' cookies. Creates the
/// file if it is missing. Throws std::system_error if that fails, and std::runtime_error if the
/// file holds no key.
std::string load_visitor_key(const std::filesystem::path& folder);

}  // namespace samoyed::dispatcher
