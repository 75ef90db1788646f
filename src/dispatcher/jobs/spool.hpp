#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/jobs/job_step.hpp"

namespace samoyed::dispatcher {

/// The folder of images that wait: one file a job, named as its id. A file is either whole or has another
/// name (`ID.new`).
///
/// Thread rule: any thread; the members block on the disk. They throw std::system_error.
class Spool {
 public:
  /// Makes the folder if it is missing.
  explicit Spool(
      std::filesystem::path folder, OnJobStep on_step = [](JobStep) {});

  /// After it the file is whole and on the disk; its name is only after `sync`.
  void write(const std::string& id, std::string_view bytes) const;
  void sync() const;
  /// Nothing if the file is missing.
  std::optional<std::string> read(const std::string& id) const;
  /// Does nothing if it is missing.
  void remove(const std::string& id) const;
  /// Of whole files; removes what was left half written.
  std::vector<std::string> clean() const;

 private:
  std::filesystem::path folder_;
  OnJobStep on_step_;
};

}  // namespace samoyed::dispatcher
