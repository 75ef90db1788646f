#include "samoyed/io/program.hpp"

#include <filesystem>

namespace samoyed::io {

std::string describe_startup_failure(const std::exception& failure) {
  const auto* const error = dynamic_cast<const std::filesystem::filesystem_error*>(&failure);
  if (!error) return failure.what();
  return "can't use " + error->path1().string() + " (" + error->code().message() +
         "): choose another file or folder, or let this user read and write it";
}

}  // namespace samoyed::io
