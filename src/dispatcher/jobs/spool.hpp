#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/jobs/job_step.hpp"

namespace samoyed::dispatcher {

/// The folder with the images of unfinished jobs: one file for each job, named after its id. Until
/// the job is in the database, the file is named `ID.new`. So after a crash, the name tells an
/// image that was never acknowledged from one whose database was lost.
///
///     write -> ID.new (synced) ... job committed ... complete -> ID
///
/// Beside it, the folder `lost` keeps images that no job knows.
///
/// Thread rule: any thread. The members block on the disk. They throw std::system_error.
class Spool {
 public:
  /// Creates the folder if it is missing, as the other members do.
  explicit Spool(
      std::filesystem::path folder, OnJobStep on_step = [](JobStep) {});

  /// Writes a file to disk. Its name is durable only after `sync`.
  void write(const std::string& id, std::string_view bytes) const;
  void sync() const;
  /// Gives the file its final name, after its job was committed. Does nothing if there is no file
  /// to rename.
  void complete(const std::string& id) const;
  /// Returns the file's bytes, or std::nullopt if the file is missing.
  std::optional<std::string> read(const std::string& id) const;
  /// Does nothing if the file is missing.
  void remove(const std::string& id) const;
  /// Removes a file that didn't get its final name.
  void remove_incomplete(const std::string& id) const;
  /// The ids of the files with their final name.
  std::vector<std::string> ids() const;
  /// The ids of the files without their final name.
  std::vector<std::string> incomplete_ids() const;

  /// Moves a file with its final name to the folder `lost`.
  void set_aside(const std::string& id) const;
  /// Moves a file from the folder `lost` back. Returns false if it isn't there.
  bool bring_back(const std::string& id) const;
  std::filesystem::path lost_folder() const { return folder_.parent_path() / "lost"; }

 private:
  std::filesystem::path incomplete(const std::string& id) const;
  std::vector<std::string> find(bool incomplete) const;

  std::filesystem::path folder_;
  OnJobStep on_step_;
};

}  // namespace samoyed::dispatcher
