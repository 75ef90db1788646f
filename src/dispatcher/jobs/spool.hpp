#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/jobs/job_step.hpp"

namespace samoyed::dispatcher {

/// The folder with the images of unfinished jobs: one file for each job, named after its id. An
/// incomplete file is named `ID.new`.
///
/// Thread rule: any thread. The members block on the disk. They throw std::system_error.
class Spool {
 public:
  /// Creates the folder if it is missing.
  explicit Spool(
      std::filesystem::path folder, OnJobStep on_step = [](JobStep) {});

  /// Writes a complete file to disk. The file's name is durable only after `sync`.
  void write(const std::string& id, std::string_view bytes) const;
  void sync() const;
  /// Returns the file's bytes, or std::nullopt if the file is missing.
  std::optional<std::string> read(const std::string& id) const;
  /// Does nothing if the file is missing.
  void remove(const std::string& id) const;
  /// Removes incomplete files. Only before the first `write`: later, they are being written.
  void remove_incomplete() const;
  /// Returns the ids of the complete files.
  std::vector<std::string> ids() const;

 private:
  std::filesystem::path folder_;
  OnJobStep on_step_;
};

}  // namespace samoyed::dispatcher
